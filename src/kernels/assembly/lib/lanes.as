/**
 * Stores of fewer than four floats, for the last channels of a row: loads may run past the end of a tensor, stores may
 * not.
 */

/** How many floats of a vector lie within `bytes`: 1 to 4. */
// @ts-ignore: decorator
@inline
export function laneCount(bytes: usize): i32 {
  return min(4, <i32>(bytes >> 2));
}

/** Stores the first `lanes` floats of a vector. */
// @ts-ignore: decorator
@inline
export function storeLanes(to: usize, value: v128, lanes: i32): void {
  if (lanes == 4) {
    v128.store(to, value);
    return;
  }
  v128.store_lane<f32>(to, value, 0);
  if (lanes > 1) v128.store_lane<f32>(to, value, 1, 4);
  if (lanes > 2) v128.store_lane<f32>(to, value, 2, 8);
}
