/**
 * Names of classes, and what stands in for them where nobody has said any.
 *
 * @module
 */
import { InputError } from "../errors.ts";

const PLACEHOLDER = /^class \d+$/;

/** "class 0", "class 1", ... */
export function placeholderNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `class ${i}`);
}

/**
 * The names under which a network's answers on a data set are counted: the network's own, or the data set's where the network
 * has none.
 *
 * @param model The network's, in the order of its logits.
 * @param data The data set's, in the order of its labels.
 * @param source The data set, for the message.
 * @throws {InputError} when they are not the same classes in the same order.
 */
export function commonNames(
  model: readonly string[],
  data: readonly string[],
  source: string,
): readonly string[] {
  const advice = "Evaluate on the data set that the network was trained on, or on one with the same classes.";
  if (model.length !== data.length) {
    throw new InputError(
      `Cannot evaluate on ${source}: it has ${data.length} classes, the network ${model.length}.`,
      advice,
    );
  }
  if (model.every((name) => PLACEHOLDER.test(name))) return data;
  const odd = model.findIndex((name, i) => name !== data[i]);
  if (odd < 0 || data.every((name) => PLACEHOLDER.test(name))) return model;
  throw new InputError(
    `Cannot evaluate on ${source}: its class ${odd} is "${data[odd]}", the network's is "${model[odd]}".`,
    advice,
  );
}
