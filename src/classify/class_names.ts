/**
 * Names of classes, what stands in for them where nobody has said any, and which class of a network a class of a data set is.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { nearestName } from "../text/nearest_name.ts";

const PLACEHOLDER = /^class (\d+)$/;
const NUMBER = /^(?:class )?(\d+)$/;

/** "class 0", "class 1", ... */
export function placeholderNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `class ${i}`);
}

/** The classes of a data set as those of a network. */
export interface ClassMatch {
  /** The names under which the network's answers are counted, in the order of its logits. */
  readonly names: readonly string[];
  /** Of each class of the data set the network's. */
  readonly labels: readonly number[];
  /** What told it. */
  readonly by: "name" | "number" | "order";
}

/**
 * Matches classes: by name where both have names, whatever the order; by number where the data set's are numbers; and by order
 * where the network has no names and as many classes.
 *
 * @param model The network's names, in the order of its logits.
 * @param data The data set's, in the order of its labels.
 * @param source The data set, for the message.
 * @throws {InputError} when a class of the data set is none of the network's.
 */
export function matchClasses(
  model: readonly string[],
  data: readonly string[],
  source: string,
): ClassMatch {
  const numbers = data.map((name) => Number(NUMBER.exec(name)?.[1] ?? NaN));
  const areNumbers = numbers.every((number) => number < model.length);
  if (model.every((name) => PLACEHOLDER.test(name))) {
    const names = model.length === data.length && !data.every((name) => NUMBER.test(name)) ? data : model;
    if (areNumbers) return { names, labels: numbers, by: "number" };
    if (model.length === data.length) return { names, labels: [...data.keys()], by: "order" };
    throw new InputError(
      `Cannot evaluate on ${source}: it has ${data.length} classes, the network ${model.length}, and the network's have ` +
        "no names.",
      "Say what its classes are called, in the order of its outputs: --labels FILE",
    );
  }
  const byName = namesToLabels(model);
  const found = data.map((name) => byName.get(name) ?? byName.get(plain(name)));
  const odd = found.findIndex((label) => label === undefined);
  if (odd < 0) return { names: model, labels: found as number[], by: "name" };
  if (areNumbers) return { names: model, labels: numbers, by: "number" };
  const nearest = nearestName(data[odd]!, model);
  throw new InputError(
    `Cannot evaluate on ${source}: its class "${data[odd]}" is none of the network's ${model.length}` +
      `${nearest === undefined ? "" : ` (did you mean "${nearest}"?)`}.`,
    "Give the classes of the data the network's names or numbers; or say what the network's are called: --labels FILE",
  );
}

/** Labels by every name that means one class alone: as it is written, and in plain words; of "tench, Tinca tinca" each part. */
function namesToLabels(names: readonly string[]): ReadonlyMap<string, number> {
  const labels = new Map<string, number>();
  const ambiguous = new Set<string>();
  names.forEach((name, label) => {
    for (const alias of new Set([name, plain(name), ...name.split(",").map(plain)])) {
      if ((labels.get(alias) ?? label) !== label) ambiguous.add(alias);
      else labels.set(alias, label);
    }
  });
  // A name as it stands wins over a part of another.
  names.forEach((name, label) => {
    if (names.indexOf(name) !== names.lastIndexOf(name)) return;
    labels.set(name, label);
    ambiguous.delete(name);
  });
  for (const alias of ambiguous) labels.delete(alias);
  return labels;
}

/** "Golden_Retriever" as "golden retriever". */
function plain(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, " ").trim();
}
