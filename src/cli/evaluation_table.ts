/**
 * What `repfuse evaluate` prints.
 *
 * @module
 */
import type { Evaluation } from "../classify/evaluation.ts";
import { notableClasses } from "../classify/scores.ts";
import { formatCount, formatShare } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";

/** Classes that have a row, at most. */
const LISTED_CLASSES = 30;

/** Mistakes that are listed. */
const LISTED_MISTAKES = 5;

/** The accuracy, a row for each class or for those with the most mistakes, and the worst mistakes. */
export function renderEvaluation(evaluation: Evaluation, width?: number): string {
  const { model, format, form, data, images, correct, accuracy, top5Accuracy, loss, classes } = evaluation;
  const listed = classes.length <= LISTED_CLASSES
    ? [...classes.keys()]
    : notableClasses(evaluation, LISTED_CLASSES);
  const share = (value: number | null) => value === null ? "-" : formatShare(value);
  const table = renderTable(
    [{ title: "class", maximumWidth: 24 }, { title: "images", dispensable: 1 }, "precision", "recall", {
      title: "F1",
      dispensable: 2,
    }, "mostly taken for"],
    listed.map((label) => {
      const { name, images, precision, recall, f1 } = classes[label]!;
      return [name, images, share(precision), share(recall), share(f1), confusedWith(evaluation, label)];
    }),
    { width },
  );
  const what = `${model} (${format}${form === "unknown" ? "" : `, ${form} form`}) on ${
    formatCount(images, "image")
  } of ${data}`;
  const top5 = top5Accuracy === null ? "" : `, top 5 ${formatShare(top5Accuracy)}`;
  const rest = listed.length === classes.length
    ? ""
    : `the ${listed.length} of ${
      formatCount(classes.length, "class", "classes")
    } with the most mistakes; all are in evaluation.json\n`;
  return `${what}\naccuracy ${formatShare(accuracy)} (${correct} of ${images})${top5}, loss ${
    loss.toFixed(4)
  }\n\n` +
    `${table}${rest}${renderMistakes(evaluation)}`;
}

/** The wrong class that most images of the class were taken for, and how many. */
function confusedWith({ confusion, classes }: Evaluation, truth: number): string {
  const [wrong] = confusion
    .filter((pair) => pair.truth === truth && pair.prediction !== truth)
    .sort((a, b) => b.images - a.images);
  return wrong === undefined ? "" : `${classes[wrong.prediction]!.name} (${wrong.images})`;
}

function renderMistakes({ mistakes, classes }: Evaluation): string {
  if (mistakes.length === 0) return "";
  const lines = mistakes.slice(0, LISTED_MISTAKES).map(({ index, picture, truth, prediction, confidence }) =>
    `${picture ?? `image ${index}`}: ${classes[truth]!.name} taken for ${classes[prediction]!.name} with ${
      formatShare(confidence)
    }`
  );
  return `\nworst: ${lines.join("\n       ")}\n`;
}
