/**
 * The benchmark of an ONNX file of anybody's: the file as it came and as `fuse` makes it, both on onnxruntime, where such a
 * file runs. Nothing is translated, so that every network has its figures, whatever stays opaque in it.
 *
 * @module
 */
import type { BenchSettings } from "../bench/bench.ts";
import { createOnnxEngine, ONNXRUNTIME_VERSION } from "../bench/engines/onnxruntime.ts";
import type { BenchReport } from "../bench/report.ts";
import { shownPixelRange } from "../graph/pixel_range.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { onnxLayout, originalFile } from "../formats/onnx/probe.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { fuseGraph } from "../fuse/fuse.ts";
import { withOpenBatch } from "../graph/open_batch.ts";
import { leastOutputScale } from "../graph/output_scale.ts";
import {
  benchEngines,
  type BenchRunContext,
  FORM_NAMES,
  imageSizeOf,
  openOnRuntime,
  randomBatches,
} from "./bench_run.ts";
import type { NamedFile } from "./named.ts";

/** onnxruntime starts its workers from a blob, which Deno refuses: one thread each. */
const THREADS = 1;

/**
 * Measures an ONNX file as it is and as `fuse` makes it, on random images.
 *
 * @throws {InputError} when it cannot be read, does not take images, or onnxruntime refuses it.
 * @throws {GateError} when the outputs of the two forms differ; nothing is written then.
 */
export async function benchOnnxFile(
  { path }: NamedFile,
  settings: BenchSettings,
  context: BenchRunContext,
): Promise<BenchReport> {
  const graph = await readOnnxFile(path);
  const size = imageSizeOf(graph, path, context.imageSize);
  const { graph: fused, report } = fuseGraph(graph);
  const layout = onnxLayout(graph);
  // A file that names its number of images runs with that number alone.
  const fixed = graph.values[graph.inputs[0]!.value]!.shape![0]!;
  const subject = {
    path,
    network: `${path}, ${size.join("x")}`,
    images: randomBatches(size, settings.seed, { fixed, range: shownPixelRange(graph) }),
    leastScale: leastOutputScale(graph),
    engine: `onnxruntime-web wasm ${ONNXRUNTIME_VERSION}, 1 thread`,
  };
  const fitting = fixed == null ? settings : { ...settings, batches: [fixed] };
  return await benchEngines(subject, fitting, context, async (engines) => {
    const forms = [
      [FORM_NAMES.training, originalFile(graph), report.before],
      [FORM_NAMES.fused, writeOnnx(fused), report.after],
    ] as const;
    for (const [name, bytes, cost] of forms) {
      engines.push(await createOnnxEngine(name, bytes, { threads: THREADS, layout, cost }));
    }
    return await openOnRuntime(withOpenBatch(fused), { ...context.backend, threads: THREADS });
  });
}
