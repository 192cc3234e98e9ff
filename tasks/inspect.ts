/**
 * `deno task inspect`: what merges into what, what it saves, and what does not merge and why. It runs no network, so it
 * starts at once.
 *
 * @module
 */
import { renderNetwork } from "../src/charts/network_chart.ts";
import { newCommand, print, runTask } from "../src/cli/command.ts";
import { renderInspectedRegions, renderRefusals, renderRest } from "../src/cli/inspection_text.ts";
import { loadLayersModelArtifacts } from "../src/formats/tfjs/layers_model.ts";
import { writeFileAtomically } from "../src/files/atomic_write.ts";
import { inspect } from "../src/inspect/inspect.ts";
import { findSource } from "../src/run/named.ts";

const command = newCommand(
  "inspect",
  "Show the network region by region: what merges, what it saves, and what does not merge and why.",
)
  .argument("[source]", "a trained run, or any model.json (default: the newest run)")
  .option("--svg <file>", "where the picture goes (default: network.svg in the run; none for a model.json)")
  .addHelpText("after", "\nExample: deno task inspect path/to/model.json --svg runs/mine.svg");

await runTask(command.action(async (named, options) => {
  const source = await findSource(named, "trained");
  const [path, model, picture] = source.kind === "run"
    ? [source.run.path, source.run.snapshot, options.svg ?? source.run.networkChart]
    : [source.path, source.path, options.svg];
  const inspection = inspect(await loadLayersModelArtifacts(model));
  if (picture !== undefined) await writeFileAtomically(picture, renderNetwork(inspection, nameOf(path)));
  if (options.json) {
    const { bands: _, ...rest } = inspection;
    print(JSON.stringify({ source: path, ...rest, ...(picture === undefined ? {} : { picture }) }));
    return;
  }
  const texts = [
    renderInspectedRegions(inspection),
    renderRest(inspection),
    renderRefusals(inspection.refusals),
  ];
  print(texts.filter((text) => text !== "").join("\n"));
  if (picture !== undefined) print(`Picture: ${picture}`);
  print(`Next: deno task fuse ${path}`);
}));

/** The last part of a path that says something: the run's name, the folder of a `model.json`. */
function nameOf(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "model.json");
  return parts.at(-1) ?? "network";
}
