/**
 * What `repfuse evaluate` prints.
 *
 * @module
 */
import type { Evaluation } from "../classify/evaluation.ts";
import { formatCount, formatShare } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/** Mistakes that are listed. */
const LISTED_MISTAKES = 5;

/** The accuracy, a row for each class, and the worst mistakes. */
export function renderEvaluation(evaluation: Evaluation, width?: number): string {
  const { model, format, form, data, images, correct, accuracy, loss, classes } = evaluation;
  const share = (value: number | null) => value === null ? "-" : formatShare(value);
  const table = renderTable(
    [{ title: "class", maximumWidth: 24 }, { title: "images", dispensable: 1 }, "precision", "recall", {
      title: "F1",
      dispensable: 2,
    }, "mostly taken for"],
    classes.map((scores, i) => [
      scores.name,
      scores.images,
      share(scores.precision),
      share(scores.recall),
      share(scores.f1),
      confusedWith(evaluation, i),
    ]),
    { width },
  );
  const what = `${model} (${format}${form === "unknown" ? "" : `, ${form} form`}) on ${
    formatCount(images, "test image")
  } of ${data}`;
  return `${what}\naccuracy ${formatShare(accuracy)} (${correct} of ${images}), loss ${loss.toFixed(4)}\n\n` +
    `${table}${renderMistakes(evaluation)}`;
}

/** The wrong class that most images of the class were taken for, and how many. */
function confusedWith({ confusion, classes }: Evaluation, truth: number): string {
  const wrong = confusion[truth]!
    .map((count, prediction) => ({ count, prediction }))
    .filter(({ count, prediction }) => prediction !== truth && count > 0)
    .sort((a, b) => b.count - a.count)[0];
  return wrong === undefined ? "" : `${classes[wrong.prediction]!.name} (${wrong.count})`;
}

function renderMistakes({ mistakes, classes }: Evaluation): string {
  if (mistakes.length === 0) return "";
  const lines = mistakes.slice(0, LISTED_MISTAKES).map(({ index, truth, prediction, confidence }) =>
    `image ${index}: ${classes[truth]!.name} taken for ${classes[prediction]!.name} with ${
      formatShare(confidence)
    }`
  );
  return `\nworst: ${lines.join("\n       ")}\n`;
}
