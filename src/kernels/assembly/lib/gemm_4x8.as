/**
 * f32 GEMM micro-kernel, 4 rows by 8 columns, both operands packed:
 *
 *     c[r][j] = clamp(start + Σ_k a[k][r] · b[k][j])    a: [k][4], b: [k][8]
 *
 * The four rows of A come with one vector load and are splatted by shuffles, so that a step of k costs 3 memory accesses
 * for 8 multiply-adds. That matters where every access carries a bounds check; README.md has the table of tiles.
 */
import { multiplyAdd } from "./simd";

/** Rows of the tile. */
export const TILE_ROWS: i32 = 4;
/** Columns of the tile. */
export const TILE_COLUMNS: i32 = 8;
/** Bytes of one tile in memory. */
export const TILE_BYTES: usize = 128;

/** What the sum starts from. */
export const FROM_ZERO: i32 = 0;
export const FROM_BIAS: i32 = 1;
export const FROM_OUTPUT: i32 = 2;

// @ts-ignore: decorator
@inline
function clamp(x: v128, lo: v128, hi: v128): v128 {
  // pmax(lo, x) is `lo < x ? x : lo` with its operands so that NaN stays NaN.
  return f32x4.pmin(f32x4.pmax(x, lo), hi);
}

/** Copies the first `columns` floats of a row of the tile. */
// @ts-ignore: decorator
@inline
function copyRow(to: usize, from: usize, columns: i32): void {
  for (let j: usize = 0; j < <usize>columns * 4; j += 4) store<f32>(to + j, load<f32>(from + j));
}

/**
 * @param k Steps, at least 1.
 * @param a Panel of A, [k][4].
 * @param b Panel of B, [k][8].
 * @param rows Addresses of the four output rows.
 * @param column Bytes from the start of an output row to the tile's first column.
 * @param columns Columns to write, 1 to 8. More may be read.
 * @param start FROM_ZERO, FROM_BIAS or FROM_OUTPUT.
 * @param bias Address of the bias of the tile's first column; read when start is FROM_BIAS.
 * @param tile 128 bytes of scratch, for tiles with fewer than 8 columns.
 */
export function gemm4x8(
  k: i32,
  a: usize,
  b: usize,
  rows: usize,
  column: usize,
  columns: i32,
  start: i32,
  bias: usize,
  lo: f32,
  hi: f32,
  tile: usize,
): void {
  const r0 = <usize>load<u32>(rows) + column;
  const r1 = <usize>load<u32>(rows, 4) + column;
  const r2 = <usize>load<u32>(rows, 8) + column;
  const r3 = <usize>load<u32>(rows, 12) + column;
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (start == FROM_BIAS) {
    c00 = v128.load(bias);
    c01 = v128.load(bias, 16);
    c10 = c00;
    c20 = c00;
    c30 = c00;
    c11 = c01;
    c21 = c01;
    c31 = c01;
  } else if (start == FROM_OUTPUT) {
    c00 = v128.load(r0);
    c01 = v128.load(r0, 16);
    c10 = v128.load(r1);
    c11 = v128.load(r1, 16);
    c20 = v128.load(r2);
    c21 = v128.load(r2, 16);
    c30 = v128.load(r3);
    c31 = v128.load(r3, 16);
  }
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
    a += 16;
    b += 32;
  } while (--k);
  const low = f32x4.splat(lo);
  const high = f32x4.splat(hi);
  c00 = clamp(c00, low, high);
  c01 = clamp(c01, low, high);
  c10 = clamp(c10, low, high);
  c11 = clamp(c11, low, high);
  c20 = clamp(c20, low, high);
  c21 = clamp(c21, low, high);
  c30 = clamp(c30, low, high);
  c31 = clamp(c31, low, high);
  const whole = columns == TILE_COLUMNS;
  const t0 = whole ? r0 : tile;
  const t1 = whole ? r1 : tile + 32;
  const t2 = whole ? r2 : tile + 64;
  const t3 = whole ? r3 : tile + 96;
  v128.store(t0, c00);
  v128.store(t0, c01, 16);
  v128.store(t1, c10);
  v128.store(t1, c11, 16);
  v128.store(t2, c20);
  v128.store(t2, c21, 16);
  v128.store(t3, c30);
  v128.store(t3, c31, 16);
  if (!whole) {
    copyRow(r0, t0, columns);
    copyRow(r1, t1, columns);
    copyRow(r2, t2, columns);
    copyRow(r3, t3, columns);
  }
}
