/**
 * Means over the middle axis of [outer, rows, channels], as in global average pooling, and their gradient. A unit is one
 * of the outer indices, for pooling one image.
 */
import { laneCount, storeLanes } from "./lib/lanes";

/** Rows that are summed before the sum is added to the total, which keeps the rounding errors small. */
const STRIP_ROWS: i32 = 64;

/** Filled in by `meanWords` of descriptors.ts, which is made from this class. */
@unmanaged
class Mean {
  /** [outer, rows, channels]: read by meanRows, written by spreadRows. */
  wide: usize;
  /** [outer, channels]: written by meanRows, read by spreadRows. */
  narrow: usize;
  rows: i32;
  channels: i32;
}

/** narrow = (Σ over the rows of wide)/rows. */
export function meanRows(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<Mean>(descriptor);
  const step = <usize>d.channels * 4;
  const count = f32x4.splat(<f32>d.rows);
  for (let unit = begin; unit < end; unit++) {
    const from = d.wide + <usize>(unit * d.rows) * step;
    const to = d.narrow + <usize>unit * step;
    for (let at: usize = 0; at < step; at += 16) {
      let x = from + at;
      let total = f32x4.splat(0);
      for (let row = 0; row < d.rows; row += STRIP_ROWS) {
        let sum = f32x4.splat(0);
        let rest = min(STRIP_ROWS, d.rows - row);
        do {
          sum = f32x4.add(sum, v128.load(x));
          x += step;
        } while (--rest);
        total = f32x4.add(total, sum);
      }
      storeLanes(to + at, f32x4.div(total, count), laneCount(step - at));
    }
  }
}

/** Every row of wide = narrow/rows. */
export function spreadRows(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<Mean>(descriptor);
  const step = <usize>d.channels * 4;
  const count = f32x4.splat(<f32>d.rows);
  for (let unit = begin; unit < end; unit++) {
    for (let at: usize = 0; at < step; at += 16) {
      const value = f32x4.div(v128.load(d.narrow + <usize>unit * step + at), count);
      const lanes = laneCount(step - at);
      let to = d.wide + <usize>(unit * d.rows) * step + at;
      let rest = d.rows;
      do {
        storeLanes(to, value, lanes);
        to += step;
      } while (--rest);
    }
  }
}
