/**
 * Four rows of a matrix, each contiguous in memory, to one panel [count][4] of A.
 */

/** Writes `count` steps of four floats to `panel`; returns the address behind them. */
export function packRows4(panel: usize, p0: usize, p1: usize, p2: usize, p3: usize, count: i32): usize {
  let rest = count;
  for (; rest >= 4; rest -= 4) {
    const x0 = v128.load(p0);
    const x1 = v128.load(p1);
    const x2 = v128.load(p2);
    const x3 = v128.load(p3);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(panel, v128.shuffle<f64>(low01, low23, 0, 2));
    v128.store(panel, v128.shuffle<f64>(low01, low23, 1, 3), 16);
    v128.store(panel, v128.shuffle<f64>(high01, high23, 0, 2), 32);
    v128.store(panel, v128.shuffle<f64>(high01, high23, 1, 3), 48);
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    panel += 64;
  }
  for (; rest > 0; rest--) {
    store<f32>(panel, load<f32>(p0));
    store<f32>(panel, load<f32>(p1), 4);
    store<f32>(panel, load<f32>(p2), 8);
    store<f32>(panel, load<f32>(p3), 12);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
    panel += 16;
  }
  return panel;
}
