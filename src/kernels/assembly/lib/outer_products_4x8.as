/**
 * f32 micro-kernel of the gradients with respect to weights, 4 rows by 8 columns, neither operand packed:
 *
 *     to[r][j] += Σ_{p, q} x[p, q][r] · dy[p, q][j]
 *
 * over a grid of pixels in rows. As in gemm_4x8.as, the four floats of x come with one load and are splatted by shuffles.
 * The sum starts from zero and is then added, so that long sums are made of short ones and round less.
 */
import { multiplyAdd } from "./simd";

/** Adds the first `columns` of the eight sums to a row of dw. */
// @ts-ignore: decorator
@inline
function addRow(to: usize, low: v128, high: v128, columns: i32, scratch: usize): void {
  if (columns >= 8) {
    v128.store(to, f32x4.add(v128.load(to), low));
    v128.store(to, f32x4.add(v128.load(to, 16), high), 16);
    return;
  }
  v128.store(scratch, low);
  v128.store(scratch, high, 16);
  for (let j: usize = 0; j < <usize>columns * 4; j += 4) {
    store<f32>(to + j, load<f32>(to + j) + load<f32>(scratch + j));
  }
}

/**
 * Adds to a tile the products of `rows` x `columns` pixels.
 *
 * @param x Four floats of the first pixel.
 * @param dy Eight floats of the first pixel.
 * @param to First element of the tile, in rows of `rowBytes`.
 * @param channels Rows of the tile to write, 1 to 4.
 * @param outputs Columns of the tile to write.
 */
export function addOuterProducts4x8(
  x: usize,
  dy: usize,
  rows: i32,
  columns: i32,
  xStep: usize,
  dyStep: usize,
  xRowStep: usize,
  dyRowStep: usize,
  to: usize,
  rowBytes: usize,
  channels: i32,
  outputs: i32,
  scratch: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  do {
    let a = x;
    let b = dy;
    let rest = columns;
    do {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const four = v128.load(a);
      const a0 = v128.shuffle<f32>(four, four, 0, 0, 0, 0);
      c00 = multiplyAdd(a0, b0, c00);
      c01 = multiplyAdd(a0, b1, c01);
      const a1 = v128.shuffle<f32>(four, four, 1, 1, 1, 1);
      c10 = multiplyAdd(a1, b0, c10);
      c11 = multiplyAdd(a1, b1, c11);
      const a2 = v128.shuffle<f32>(four, four, 2, 2, 2, 2);
      c20 = multiplyAdd(a2, b0, c20);
      c21 = multiplyAdd(a2, b1, c21);
      const a3 = v128.shuffle<f32>(four, four, 3, 3, 3, 3);
      c30 = multiplyAdd(a3, b0, c30);
      c31 = multiplyAdd(a3, b1, c31);
      a += xStep;
      b += dyStep;
    } while (--rest);
    x += xRowStep;
    dy += dyRowStep;
  } while (--rows);
  addRow(to, c00, c01, outputs, scratch);
  if (channels > 1) addRow(to + rowBytes, c10, c11, outputs, scratch);
  if (channels > 2) addRow(to + 2 * rowBytes, c20, c21, outputs, scratch);
  if (channels > 3) addRow(to + 3 * rowBytes, c30, c31, outputs, scratch);
}
