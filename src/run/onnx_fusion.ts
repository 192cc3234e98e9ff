/**
 * Fusion of an ONNX file, from disk to disk: the same format comes back, with the same names. Both files run in
 * onnxruntime, which is not ours, and a file that fails its proof is never written.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { FusionRecord } from "../classify/fusion_record.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { checkOutputFolder } from "../files/output_folder.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { originalParts } from "../formats/onnx/probe.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { fuseGraph } from "../fuse/fuse.ts";
import { proofInputsOf } from "../proof/inputs.ts";
import { verifyOnnxFusion } from "../proof/onnx.ts";
import { formatCount } from "../text/quantities.ts";
import {
  describeFusion,
  type FusionRequest,
  type FusionResult,
  placeOf,
  writeProved,
} from "./fusion_output.ts";

/**
 * Fuses an ONNX file and proves it on random inputs.
 *
 * @param path Of the file. Weights may lie in other files of its folder; they come into the fused one.
 * @throws {InputError} when it is not an ONNX file, or onnxruntime cannot run it.
 * @throws {GateError} when the forms differ; nothing is left at the output.
 */
export async function fuseOnnxFile(path: string, request: FusionRequest): Promise<FusionResult> {
  const { output, tolerance, imageSize, progress } = request;
  const place = placeOf(request, [path]);
  const graph = await readOnnxFile(path);
  await checkOutputFolder(place);
  const fusion = fuseGraph(graph);
  progress.log(describeFusion(path, fusion.report));
  const fused = writeOnnx(fusion.graph);
  const inputs = proofInputsOf(graph, imageSize);
  const proof = await verifyOnnxFusion({
    fusion,
    file: fused,
    name: path,
    inputs,
    tolerance,
    onProgress: (done) =>
      progress.update("proof", `${done} of ${formatCount(inputs.count, "input")} compared`),
  });
  const record: FusionRecord = {
    source: path,
    snapshotHash: hashOf(originalParts(graph)),
    proof,
    ...fusion.report,
  };
  const file = basename(path);
  await writeProved(place, record, (folder) => writeFileAtomically(`${folder}/${file}`, fused));
  return { output, file, record };
}

/** The SHA-256 of the parts, one after the other. */
function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
