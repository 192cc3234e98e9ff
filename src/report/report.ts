/**
 * `report.html`: everything that a run has found, in one file that needs no other and no script, to be shown to others.
 *
 * @module
 */
import type { Evaluation } from "../classify/evaluation.ts";
import { headlineOf } from "../bench/report.ts";
import { formatCount, formatDifference, formatShare } from "../text/quantities.ts";
import { type Content, Html, html } from "./html.ts";
import type { RunFiles } from "./run_files.ts";
import { type Section, sectionsOf } from "./sections.ts";

/** How often the report of a running training reads itself anew. */
const REFRESH_SECONDS = 3;

/** The report as text. */
export function renderReport(files: RunFiles, style: string): string {
  const sections = sectionsOf(files);
  const { config, name } = files;
  const title = config === undefined ? name : `${config.preset} on ${config.data.source.split("/").at(-1)!}`;
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
        ${files.isTraining === true ? html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}">` : ""}
        <title>RepFuse: ${title}</title>
        <link rel="icon" href="data:,">
        <style>
        ${new Html(style)}</style>
      </head>
      <body>
        <header>
          <h1><span class="brand">RepFuse</span> ${title}</h1>
          <p class="muted">${files.name}${files.isTraining === true ? ", in training" : ""}</p>
          <dl class="facts">${factsOf(files).map(renderFact)}</dl>
          <nav aria-label="Sections">
            <ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul>
          </nav>
        </header>
        <main>
        ${sections.map(renderSection)}</main>
      </body>
    </html>
  `.text;
}

/** One figure that stands above everything. */
interface Fact {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
}

function factsOf({ metrics, fusion, bench, twin, evaluations }: RunFiles): Fact[] {
  const evaluation = evaluations[0]?.evaluation;
  const facts: Fact[] = [];
  const last = metrics.at(-1);
  if (evaluation === undefined && last?.validationAccuracy !== undefined) {
    facts.push({
      name: "Validation accuracy",
      value: formatShare(last.validationAccuracy),
      detail: `epoch ${last.epoch}`,
    });
  }
  if (evaluation !== undefined) {
    facts.push({
      name: "Test accuracy",
      value: formatShare(evaluation.accuracy),
      detail: detailOf(evaluation),
    });
    if (evaluation.top5Accuracy != null) {
      facts.push({
        name: "Top 5",
        value: formatShare(evaluation.top5Accuracy),
        detail: `of ${formatCount(evaluation.classes.length, "class", "classes")}`,
      });
    }
  }
  if (twin !== undefined) {
    facts.push({
      name: "Trained plain → wide",
      value: `${formatShare(twin.plainAccuracy)} → ${formatShare(twin.fusedAccuracy)}`,
      detail: "the same network to run",
    });
  }
  if (fusion !== undefined) {
    const { before, after, proof } = fusion;
    facts.push({
      name: "Convolutions",
      value: `${before.convolutions} → ${after.convolutions}`,
      detail: "training form to fused form",
    }, {
      name: "Difference",
      value: formatDifference(proof.maxRelativeDifference),
      detail: `of the logits' scale, over ${formatCount(proof.images, "image")}`,
    });
  }
  for (const { batch, ratio, low, high } of bench === undefined ? [] : headlineOf(bench)) {
    facts.push({
      name: `Speedup, ${formatCount(batch, "image")}`,
      value: `${ratio.toFixed(2)}×`,
      detail: `95% interval ${low.toFixed(2)} to ${high.toFixed(2)}`,
    });
  }
  return facts;
}

function detailOf({ form, images }: Evaluation): string {
  return form === "unknown" ? `of ${formatCount(images, "image")}` : `${form} form`;
}

function renderFact({ name, value, detail }: Fact): Content {
  return html`
    <div>
      <dt>${name}</dt>
      <dd class="value">${value}</dd>
      <dd class="muted">${detail}</dd>
    </div>
  `;
}

function renderSection({ id, title, content }: Section): Content {
  return html`
    <section id="${id}" aria-labelledby="${id}-heading">
    <h2 id="${id}-heading">${title}</h2>
    ${content}
    </section>
  `;
}
