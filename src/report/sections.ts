/**
 * The parts of a run's report, in the order in which they are read. A part of which nothing is known yet is left out.
 *
 * @module
 */
import { besideText, whereText } from "../bench/report.ts";
import { formatBytes, formatCount, formatDifference, formatShare } from "../text/quantities.ts";
import { COST_COLUMNS, costRows } from "../text/cost_rows.ts";
import { largest } from "../proof/equivalence.ts";
import { notableClasses } from "../classify/scores.ts";
import { Html, html, table } from "./html.ts";
import { Buffer } from "node:buffer";
import type { EvaluatedForm, RunFiles } from "./run_files.ts";

/** Classes that have a row, at most. */
const MOST_CLASSES = 100;

/** Pairs of classes that are listed, and single mistakes: as many as the sheet above them shows, in its order. */
const MOST_CONFUSIONS = 20;
const MOST_MISTAKES = 40;

/** One part. */
export interface Section {
  /** The target of the link to it. */
  readonly id: string;
  readonly title: string;
  readonly content: Html;
}

/** All parts of which something is known. */
export function sectionsOf(files: RunFiles): Section[] {
  return [
    training(files),
    network(files),
    fusion(files),
    proof(files),
    benchmark(files),
    evaluation(files),
    feeding(files),
    configuration(files),
  ]
    .filter((section) => section !== undefined);
}

function training({ curves, metrics }: RunFiles): Section | undefined {
  const last = metrics.at(-1);
  if (curves === undefined || last === undefined) return undefined;
  return {
    id: "training",
    title: "Training",
    content: html`<p>After ${formatCount(last.epoch, "epoch")} the network classifies ${
      formatShare(last.validationAccuracy ?? last.trainingAccuracy)
    } of the ${
      last.validationAccuracy === undefined ? "augmented training" : "validation"
    } images rightly.</p>
${figure(curves)}`,
  };
}

function network({ network }: RunFiles): Section | undefined {
  if (network === undefined) return undefined;
  return {
    id: "network",
    title: "Network",
    content: html`<p>Every layer of the training form, and the convolution that it became a part of.</p>${
      figure(network)
    }`,
  };
}

function fusion({ fusion }: RunFiles): Section | undefined {
  if (fusion === undefined) return undefined;
  const { before, after, regions, refusals } = fusion;
  return {
    id: "fusion",
    title: "Fusion",
    content: html`<p>${regions.length} affine stretches of the training form became one convolution each.</p>
${table([...COST_COLUMNS], costRows(before, after))}
${
      table(
        ["region", "layers", { title: "kernel", align: "right" }, "groups", "stride", "rounding to float32"],
        regions.map(({ name, layers, kernelShape, groups, strides, roundingError }) => [
          name,
          layers.length,
          kernelShape.join(" × "),
          groups,
          strides[0],
          formatDifference(roundingError),
        ]),
      )
    }
${
      refusals.length === 0 ? undefined : html`<h3>Not merged</h3>
<ul>${
        refusals.map(({ layer, reason, advice }) =>
          html`<li><b>${layer}</b>: ${reason}. <span class="muted">${advice}</span></li>`
        )
      }</ul>`
    }`,
  };
}

function proof({ fusion }: RunFiles): Section | undefined {
  if (fusion === undefined) return undefined;
  const { proof, snapshotHash } = fusion;
  return {
    id: "proof",
    title: "Proof",
    content: html`<p>Both forms were run on ${
      formatCount(proof.images, "image")
    }. The logits differ by at most
<b>${formatDifference(proof.maxRelativeDifference)}</b> of their scale (allowed: ${
      formatDifference(proof.tolerance)
    }), and
<b>${
      formatCount(proof.changedPredictions, "prediction")
    }</b> changed. The BatchNorm statistics are those of the snapshot
<code>${snapshotHash.slice(0, 12)}</code>.</p>
${
      table(
        ["region", "border", "interior", "share of what is allowed"],
        [...proof.regions, ...proof.outputs].map((difference) => [
          difference.name,
          formatDifference(difference.border),
          formatDifference(difference.interior),
          formatShare(largest(difference) / difference.allowed, 1),
        ]),
      )
    }`,
  };
}

function benchmark({ bench, benchChart }: RunFiles): Section | undefined {
  if (bench === undefined || benchChart === undefined) return undefined;
  return {
    id: "benchmark",
    title: "Benchmark",
    content: html`<p>${whereText(bench)}. All forms ran in turn on the same images. ${besideText(bench)}</p>
${figure(benchChart)}
${
      table(
        ["batch", "form", "median ms", "95th percentile ms", "images/s", "speedup", {
          title: "95% interval",
          align: "right",
        }],
        bench.results.map(({ batch, form, medianMs, p95Ms, imagesPerSecond }) => {
          const ratio = bench.speedup.find((speedup) => speedup.batch === batch && speedup.form === form);
          return [
            batch,
            form,
            medianMs.toPrecision(3),
            p95Ms.toPrecision(3),
            count(Math.round(imagesPerSecond)),
            ratio === undefined ? "" : `${ratio.ratio.toFixed(2)}×`,
            ratio === undefined ? "" : `${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)}`,
          ];
        }),
      )
    }
${
      table(
        ["form", "parameters", "weights", "in use during a run"],
        bench.forms.map(({ form, parameters, bytes, heapBytes }) => [
          form,
          count(parameters),
          formatBytes(bytes),
          heapBytes === null ? "-" : formatBytes(heapBytes),
        ]),
      )
    }`,
  };
}

function evaluation({ evaluations }: RunFiles): Section | undefined {
  if (evaluations.length === 0) return undefined;
  return { id: "evaluation", title: "Evaluation", content: html`${evaluations.map(evaluatedForm)}` };
}

function evaluatedForm({ evaluation, confusion, worstExamples }: EvaluatedForm): Html {
  const { correct, images, accuracy, form, classes, model, confusion: confusions, mistakes } = evaluation;
  const isWhole = classes.length <= MOST_CLASSES;
  const shown = isWhole ? [...classes.keys()] : notableClasses(evaluation, MOST_CLASSES);
  const share = (value: number | null) => value === null ? "–" : formatShare(value, 1);
  const nameOf = (label: number) => classes[label]!.name;
  const confused = confusions.filter(({ truth, prediction }) => truth !== prediction)
    .sort((a, b) => b.images - a.images).slice(0, MOST_CONFUSIONS);
  return html`<p>${form === "unknown" ? model : `The ${form} form`} classifies ${count(correct)} of ${
    count(images)
  } images rightly:
<b>${formatShare(accuracy)}</b>.</p>
${confusion === undefined ? undefined : figure(confusion)}
${
    table(
      ["class", "images", "recall", "precision", "F1"],
      shown.map((label) => {
        const { name, images, recall, precision, f1 } = classes[label]!;
        return [name, count(images), share(recall), share(precision), share(f1)];
      }),
    )
  }
${
    isWhole ? undefined : html`
      <p class="muted">The ${count(shown.length)} of ${count(
        classes.length,
      )} classes with the most mistakes.</p>
    `
  }
${
    worstExamples === undefined ? undefined : html`<h3>What it is most wrong about</h3>
<img src="data:image/png;base64,${
      Buffer.from(worstExamples).toString("base64")
    }" alt="The images with the largest loss">
${
      table(
        [{ title: "", align: "right" }, "image", "it is", "taken for", "with"],
        mistakes.slice(0, MOST_MISTAKES).map(({ index, picture, truth, prediction, confidence }, i) => [
          i + 1,
          picture ?? `image ${index}`,
          nameOf(truth),
          nameOf(prediction),
          share(confidence),
        ]),
      )
    }`
  }${
    confused.length === 0 ? undefined : html`<h3>What it takes for what</h3>
${
      table(
        ["it is", "taken for", { title: "images", align: "right" }],
        confused.map(({ truth, prediction, images }) => [nameOf(truth), nameOf(prediction), count(images)]),
      )
    }`
  }`;
}

function feeding({ card }: RunFiles): Section | undefined {
  if (card === undefined) return undefined;
  const { inputSize, normalization: { mean, scale }, givesProbabilities, classNames, assumed } = card;
  return {
    id: "feeding",
    title: "How it was fed",
    content: table(["what", "as"], [
      ["images", inputSize.join(" × ")],
      ["taken off each byte, per channel", mean.join(", ")],
      ["what the rest is divided by", scale.join(", ")],
      ["outputs", givesProbabilities ? "probabilities" : "logits"],
      ["classes", count(classNames.length)],
      ["assumed", assumed.join("; ") || "nothing"],
    ]),
  };
}

function configuration({ config, environment }: RunFiles): Section | undefined {
  if (config === undefined) return undefined;
  return {
    id: "configuration",
    title: "Configuration",
    content: html`${table(["key", "value"], flatten(config))}
${
      environment === undefined
        ? undefined
        : html`<h3>Environment</h3>${table(["key", "value"], flatten(environment))}`
    }`,
  };
}

/** The leaves of a value, with their paths; short lists in one line. */
function flatten(value: unknown, path = ""): [string, string][] {
  if (typeof value !== "object" || value === null) return [[path, String(value)]];
  if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
    return [[path, value.join(", ")]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    flatten(inner, path === "" ? key : `${path}.${key}`)
  );
}

/** A picture that is SVG text of our own making; it scrolls where the window is too narrow for it. */
function figure(svg: string): Html {
  return html`<div class="scroll">${new Html(svg.slice(svg.indexOf("<svg")))}</div>`;
}

function count(value: number | null): string {
  return value === null ? "–" : value.toLocaleString("en");
}
