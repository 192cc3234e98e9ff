/**
 * `repfuse inspect`: what merges into what, what it saves, and what does not merge and why. It runs no network, so it
 * starts at once.
 *
 * @module
 */
import { renderNetwork } from "../../charts/network_chart.ts";
import { newCommand, print, printColumns, printJson } from "../command.ts";
import { renderInspectedRegions, renderRefusals, renderRest } from "../inspection_text.ts";
import { loadModelArtifacts } from "../../formats/keras/load.ts";
import { writeFileAtomically } from "../../files/atomic_write.ts";
import { readOnnxFile } from "../../formats/onnx/disk.ts";
import { inspect, inspectGraph } from "../../inspect/inspect.ts";
import { findNetwork } from "../../run/named.ts";
import { quoted } from "../../text/shell.ts";

/** The command `inspect`. */
export function inspectCommand() {
  return newCommand(
    "inspect",
    "Show the network region by region: what merges, what it saves, and what does not merge and why.",
  )
    .argument("[source]", "a trained run, any model.json, or an ONNX file (default: the newest run)")
    .option("--svg <file>", "where the picture goes (default: network.svg in the run; none for a model.json)")
    .addHelpText("after", "\nExample: repfuse inspect path/to/model.json --svg mine.svg")
    .action(async (named, options) => {
      const source = await findNetwork(named, "trained");
      const [path, model, picture] = source.kind === "run"
        ? [source.run.path, source.run.snapshot, options.svg ?? source.run.networkChart]
        : [source.path, source.path, options.svg];
      const inspection = source.kind === "file"
        ? inspectGraph(await readOnnxFile(source.path))
        : inspect(await loadModelArtifacts(model));
      if (picture !== undefined) await writeFileAtomically(picture, renderNetwork(inspection, nameOf(path)));
      if (options.json) {
        const { bands: _, ...rest } = inspection;
        return printJson({ source: path, ...rest, ...(picture === undefined ? {} : { picture }) });
      }
      const texts = [
        renderInspectedRegions(inspection, printColumns()),
        renderRest(inspection, printColumns()),
        renderRefusals(inspection.refusals, printColumns()),
      ];
      print(texts.filter((text) => text !== "").join("\n"));
      if (picture !== undefined) print(`Picture: ${picture}`);
      print(`Next: repfuse fuse ${quoted(path)}`);
    });
}

/** The last part of a path that says something: the run's name, the folder of a `model.json`. */
function nameOf(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "model.json");
  return parts.at(-1) ?? "network";
}
