/**
 * What an export starts from: a network in memory, and what is known about it.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { ModelCard } from "../classify/classifier.ts";
import type { NetworkConfig } from "../model/config.ts";
import type { Manifest } from "./manifest.ts";

/** A network that is read but not built. */
export interface ModelSource {
  /** What it is called: its run, or the last part of its path. */
  readonly name: string;
  /** The `model.json`, or the folder that holds it. */
  readonly path: string;
  /** Where files about it belong, without a closing slash: its run, or the folder that holds it. */
  readonly home: string;
  /** Below which folder exports go, where that is not {@link home}: a fused model's folder is made anew by `fuse`. */
  readonly exportsTo?: string;
  /** Files and folders that it was read from. */
  readonly readFrom: readonly string[];
  readonly form: Manifest["form"];
  readonly artifacts: io.ModelArtifacts;
  /** The training form of a fused network, where it is at hand. */
  readonly trainingForm?: io.ModelArtifacts | undefined;
  /** SHA-256 of `model.json`. */
  readonly sha256: string;
  readonly card: ModelCard;
  /** What of the card nobody told, each with the flag that tells; nothing of a network with a manifest. */
  readonly assumed?: readonly string[];
  /** The architecture, where it is one of ours. */
  readonly network?: NetworkConfig | undefined;
  /** The data set that it was trained on. */
  readonly data?: Manifest["data"];
}
