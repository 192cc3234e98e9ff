/**
 * What fusions of every format have in common: what is asked for, where the result goes, and that nothing is written which
 * was not proved.
 *
 * @module
 */
import { type FusionProof, isClose, largest } from "../proof/equivalence.ts";
import type { FusionRecord } from "../classify/fusion_record.ts";
import { GateError } from "../errors.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import {
  kindByNames,
  type OutputRequest,
  removeOutputFolder,
  replaceFolder,
} from "../files/output_folder.ts";
import type { FusionReport } from "../fuse/report.ts";
import type { Progress } from "../progress.ts";
import { formatCount, formatDifference } from "../text/quantities.ts";

/** A folder that a fusion made; `evaluate` may have added to it. */
const FUSED_MODEL = kindByNames("a fused model", "fusion.json", {
  keys: ["source", "snapshotHash", "proof"],
  names:
    /^(model\.json|[^/]+\.onnx|weights-\d+of\d+\.bin|evaluation\/([\w-]+\/)?[\w-]+\.(json|svg|png|html))$/,
});

/** What to fuse, where to write, and how close the forms must be. */
export interface FusionRequest {
  /** Folder of the fused model. */
  readonly output: string;
  /** Largest difference relative to a tensor's scale; by default, what rounding explains. */
  readonly tolerance?: number | undefined;
  /** Side of the images of the proof, for a network that leaves it open. */
  readonly imageSize?: number | undefined;
  readonly progress: Progress;
}

/** A record and where its model lies. */
export interface FusionResult {
  readonly output: string;
  /** Name of the file in it that is the network. */
  readonly file: string;
  readonly record: FusionRecord;
}

/** What a fusion has done, in a line for the log. */
export function describeFusion(
  source: string,
  { before, after }: Pick<FusionReport, "before" | "after">,
): string {
  return `fused ${source}: ${formatCount(before.convolutions, "convolution")} became ${after.convolutions}`;
}

/** The folder of a fused model, and what must not be touched by it. */
export function placeOf({ output }: FusionRequest, inputs: readonly string[]): OutputRequest {
  return { path: output, kind: FUSED_MODEL, inputs };
}

/**
 * Writes a fused model beside its record.
 *
 * @param save Writes the network into a folder.
 * @param blame Whose fault it is when the proof does not hold, where that is known to be another's.
 * @throws {GateError} when the proof does not hold; nothing is left at the place.
 */
export async function writeProved(
  place: OutputRequest,
  record: FusionRecord,
  save: (folder: string) => Promise<void>,
  blame?: string,
): Promise<void> {
  if (!record.proof.pass) {
    await removeOutputFolder(place);
    throw new GateError(
      describeFailure(record.proof),
      `${
        blame ?? "This is a fault in RepFuse, or a --tolerance below float32's rounding."
      } Nothing was written.`,
    );
  }
  await replaceFolder(place, async (folder) => {
    await save(folder);
    await writeJsonAtomically(`${folder}/fusion.json`, record);
  });
}

/** Which bar was missed, and where it began. */
function describeFailure(proof: FusionProof): string {
  const first = [...proof.regions, ...proof.outputs].find((verdict) => !isClose(verdict));
  const where = first === undefined
    ? ""
    : `; the first to differ is ${first.name}, by ${formatDifference(largest(first))} of its scale ` +
      `(border ${formatDifference(first.border)}, interior ${formatDifference(first.interior)}; at most ` +
      `${formatDifference(first.allowed)} is allowed)`;
  return `The fused form is not the training form: over ${
    formatCount(proof.images, "image")
  } the logits differ by up to ` +
    `${formatDifference(proof.maxRelativeDifference)} of their scale (at most ${
      formatDifference(proof.tolerance)
    } is allowed), and ` +
    `${formatCount(proof.changedPredictions, "prediction")} changed, ${proof.ties} of them ties${where}.`;
}
