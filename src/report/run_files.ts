/**
 * What a run, or an evaluation of somebody else's network, has found by now: all that its report is made of. Whatever is not
 * there (yet) is undefined.
 *
 * @module
 */
import type { BenchReport } from "../bench/report.ts";
import type { Evaluation } from "../classify/evaluation.ts";
import type { ModelCard } from "../classify/classifier.ts";
import type { FusionRecord } from "../classify/fusion_record.ts";
import type { Environment } from "../timing/environment.ts";
import type { EpochMetrics } from "../train/metrics.ts";
import type { AnyRunConfig } from "../train/run_config.ts";

/** The content of a run. Pictures are SVG text, but for the worst examples, which are a PNG file's bytes. */
export interface RunFiles {
  /** The name of the run's folder, or of the network. */
  readonly name: string;
  /** Of a run. */
  readonly config: AnyRunConfig | undefined;
  /** Whether it is still in training, so that the report is to be read again soon. */
  readonly isTraining?: boolean;
  /** Of a network that was not trained here. */
  readonly card?: ReportedCard | undefined;
  readonly environment: Environment | undefined;
  /** One entry per epoch. */
  readonly metrics: readonly EpochMetrics[];
  readonly curves: string | undefined;
  readonly fusion: FusionRecord | undefined;
  readonly network: string | undefined;
  readonly bench: BenchReport | undefined;
  readonly benchChart: string | undefined;
  /** Beside its plain twin, where that was trained as well. */
  readonly twin?: TwinComparison | undefined;
  /** Of each form that was evaluated, the fused one first. */
  readonly evaluations: readonly EvaluatedForm[];
}

/** Shares of the test images that a fused network and its plain twin classify right. Both cost the same to run. */
export interface TwinComparison {
  /** Of the network that was trained as it is deployed. */
  readonly plainAccuracy: number;
  /** Of the network that was trained with branches. */
  readonly fusedAccuracy: number;
}

/** How a network was fed, and who said so. */
export interface ReportedCard extends ModelCard {
  /** What neither its file nor a person told. */
  readonly assumed: readonly string[];
}

/** The evaluation of one form, with its pictures. */
export interface EvaluatedForm {
  readonly evaluation: Evaluation;
  readonly confusion: string | undefined;
  readonly worstExamples: Uint8Array<ArrayBuffer> | undefined;
}
