/**
 * Four rows of a matrix, each contiguous in memory, to one panel [count][4] of A.
 */

/**
 * Writes `count` steps of four floats to `panel`; returns the address behind them. Up to three steps more are overwritten,
 * and up to three floats more read.
 */
export function packRows4(panel: usize, p0: usize, p1: usize, p2: usize, p3: usize, count: i32): usize {
  const end = panel + (<usize>count << 4);
  do {
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
  } while (panel < end);
  return end;
}
