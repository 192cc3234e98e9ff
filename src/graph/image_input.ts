/**
 * What a network takes, asked by everybody who feeds it images.
 *
 * @module
 */
import type { FullShape, Graph, Shape } from "./graph.ts";

/** [N, height, width, channels] with known channels, of a network's only input; nothing where it takes anything else. */
export function imageInputOf({ inputs, values }: Graph): FullShape | undefined {
  const shape = inputs.length === 1 ? values[inputs[0]!.value]!.shape : undefined;
  return shape?.length === 4 && shape[3] != null ? shape : undefined;
}

/** The shapes of all inputs for an error: "[?,32,3], [?,1]". */
export function inputsText({ inputs, values }: Graph): string {
  return inputs.map(({ value }) => shapeText(values[value]!.shape)).join(", ") || "nothing";
}

/** "[?,7,7,4]" */
export function shapeText(shape: Shape): string {
  return `[${shape?.map((length) => length ?? "?") ?? "?"}]`;
}
