/**
 * Resize, where it repeats every pixel: by whole factors, taking the nearest.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/docs/Operators.md#Resize
 *
 * @module
 */
import { sidesOf, withSides } from "../../graph/sides.ts";
import type { NodeCall } from "./node_call.ts";
import { imageAt, type Reading } from "./rule.ts";

/** How output pixels find their input, and which of two is nearest, where whole factors repeat every pixel. */
const REPEATING: ReadonlySet<string> = new Set([
  "asymmetric floor",
  "half_pixel round_prefer_floor",
  "half_pixel round_prefer_ceil",
  "pytorch_half_pixel round_prefer_floor",
  "pytorch_half_pixel round_prefer_ceil",
]);

/** A Resize of opset 11 and newer by whole factors; nothing where it blends pixels, or its factors are not known. */
export function upsampling(call: NodeCall): Reading | undefined {
  const found = imageAt(call, 0);
  const scales = call.constant(2)?.numbers();
  const transform = call.text("coordinate_transformation_mode", "half_pixel");
  const nearest = call.text("nearest_mode", "round_prefer_floor");
  if (
    call.opset < 11 || found === undefined || scales?.length !== found.sides + 2 ||
    call.text("mode", "nearest") !== "nearest"
  ) {
    return undefined;
  }
  const [images, channels, ...factors] = [...scales] as [number, number, ...number[]];
  const isWhole = factors.every((factor) => Number.isInteger(factor) && factor >= 1);
  if (images !== 1 || channels !== 1 || !isWhole || !REPEATING.has(`${transform} ${nearest}`)) {
    return undefined;
  }
  const [columns, rows = 1] = factors.toReversed() as [number, number?];
  const [height, width] = sidesOf(found.shape);
  const times = (length: number | null, factor: number) => length === null ? null : length * factor;
  const sides = [times(height, rows), times(width, columns)] as const;
  return {
    parts: [{
      op: "upsample",
      factors: [rows, columns],
      shape: withSides(found.shape, sides, found.channels),
    }],
    inputs: [found.image],
    axes: found.image.axes,
  };
}
