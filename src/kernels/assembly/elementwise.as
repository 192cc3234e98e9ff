/**
 * Operations on whole tensors, float by float. A unit is a piece of 8192 neighbouring floats.
 */
import { storeLanes } from "./lib/lanes";

/** Floats of a unit; the same number as in elementwise/pairwise.ts. */
const PIECE_FLOATS: i32 = 8192;

/** Filled in by `elementwiseWords` of descriptors.ts, which is made from this class. */
@unmanaged
class Elementwise {
  a: usize;
  b: usize;
  out: usize;
  /** Floats in each. */
  size: i32;
}

/** out = a + b. */
export function addTensors(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<Elementwise>(descriptor);
  const start = <usize>(begin * PIECE_FLOATS) * 4;
  let a = d.a + start;
  let b = d.b + start;
  let out = d.out + start;
  let rest = min(d.size, end * PIECE_FLOATS) - begin * PIECE_FLOATS;
  for (; rest >= 8; rest -= 8) {
    v128.store(out, f32x4.add(v128.load(a), v128.load(b)));
    v128.store(out, f32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
    a += 32;
    b += 32;
    out += 32;
  }
  for (; rest > 0; rest -= 4) {
    storeLanes(out, f32x4.add(v128.load(a), v128.load(b)), min(4, rest));
    a += 16;
    b += 16;
    out += 16;
  }
}

/** b where a > 0, NaN where a is NaN, else 0. */
// @ts-ignore: decorator
@inline
function gate(a: v128, b: v128): v128 {
  return v128.or(v128.and(b, f32x4.gt(a, f32x4.splat(0))), f32x4.ne(a, a));
}

/** The gradient of ReLU, out = b·[a > 0], with a its output and b the gradient of that. All bits set are a NaN. */
export function reluGradient(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<Elementwise>(descriptor);
  const start = <usize>(begin * PIECE_FLOATS) * 4;
  let a = d.a + start;
  let b = d.b + start;
  let out = d.out + start;
  let rest = min(d.size, end * PIECE_FLOATS) - begin * PIECE_FLOATS;
  for (; rest >= 8; rest -= 8) {
    v128.store(out, gate(v128.load(a), v128.load(b)));
    v128.store(out, gate(v128.load(a, 16), v128.load(b, 16)), 16);
    a += 32;
    b += 32;
    out += 32;
  }
  for (; rest > 0; rest -= 4) {
    storeLanes(out, gate(v128.load(a), v128.load(b)), min(4, rest));
    a += 16;
    b += 16;
    out += 16;
  }
}
