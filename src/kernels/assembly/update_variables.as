/**
 * New values of many variables in one call: moving averages, and stochastic gradient descent with momentum.
 *
 * A unit is a row of the table: up to 4096 neighbouring floats of one variable. Every product and sum is rounded for itself,
 * without fused multiply-add, so that the result is that of the composed operations to the last bit.
 */
import { storeLanes } from "./lib/lanes";

/** A row of the table. Filled in by `pieceWords` of descriptors.ts, which is made from this class. */
@unmanaged
class Piece {
  count: i32;
  /** Not 0 where the L2 decay applies. */
  decays: i32;
  /** Addresses in tensors of the same shape; what each is, the function says. */
  a: usize;
  b: usize;
  c: usize;
  d: usize;
  e: usize;
}

/** Bytes of a row. */
const PIECE_BYTES: usize = 28;

/** Filled in by `movingAverageWords` of descriptors.ts, which is made from this class. */
@unmanaged
class MovingAverage {
  table: usize;
  rate: f32;
}

/** c = a + (b − a)·rate. */
export function movingAverage(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<MovingAverage>(descriptor);
  const rate = f32x4.splat(d.rate);
  for (let unit = begin; unit < end; unit++) {
    const piece = changetype<Piece>(d.table + <usize>unit * PIECE_BYTES);
    let a = piece.a;
    let b = piece.b;
    let c = piece.c;
    for (let rest = piece.count; rest > 0; rest -= 4) {
      const old = v128.load(a);
      const moved = f32x4.add(old, f32x4.mul(f32x4.sub(v128.load(b), old), rate));
      storeLanes(c, moved, min(4, rest));
      a += 16;
      b += 16;
      c += 16;
    }
  }
}

/** Filled in by `nesterovSgdWords` of descriptors.ts, which is made from this class. */
@unmanaged
class NesterovSgd {
  table: usize;
  learningRate: f32;
  momentum: f32;
  weightDecay: f32;
}

/** With a = w, b = v, c = g, d = new w, e = new v:    g' = g + λ·w    e = μ·v + g'    d = w − η·(g' + μ·e). */
export function nesterovSgd(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<NesterovSgd>(descriptor);
  const learningRate = f32x4.splat(d.learningRate);
  const momentum = f32x4.splat(d.momentum);
  const weightDecay = f32x4.splat(d.weightDecay);
  for (let unit = begin; unit < end; unit++) {
    const piece = changetype<Piece>(d.table + <usize>unit * PIECE_BYTES);
    const count = piece.count;
    for (let done = 0; done < count; done += 4) {
      const at = <usize>done * 4;
      const weight = v128.load(piece.a + at);
      let gradient = v128.load(piece.c + at);
      if (piece.decays) gradient = f32x4.add(gradient, f32x4.mul(weight, weightDecay));
      const velocity = f32x4.add(f32x4.mul(v128.load(piece.b + at), momentum), gradient);
      const step = f32x4.mul(f32x4.add(gradient, f32x4.mul(velocity, momentum)), learningRate);
      storeLanes(piece.d + at, f32x4.sub(weight, step), min(4, count - done));
      storeLanes(piece.e + at, velocity, min(4, count - done));
    }
  }
}
