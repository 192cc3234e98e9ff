/**
 * Gradient of a 3x3 convolution at stride 1 with respect to its filter, by the transpose of Winograd's F(4x4, 3x3): the
 * roles of filter and output are exchanged in the same trilinear form, so the matrices are those of winograd.as.
 *
 *     dw = Gᵀ [ Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ) ] G
 *
 * For each of the 36 positions ξ of a tile the sum over tiles is a matrix product, input channels by output channels. So
 * there are three kernels, each of which needs all of the one before: the tiles of x and dy are transformed, the products
 * of each position are added to M, and M is transformed to dw. The first two take turns over blocks of tiles. No work is
 * done twice and every sum belongs to one unit, so the bits do not depend on how units are shared out.
 */
import { addOuterProducts4x8 } from "./lib/outer_products_4x8";
import { filterGradient4, gradient4, input4 } from "./lib/winograd_4";

/** Filled in by `winogradFilterGradientWords` of descriptors.ts, which is made from this class. */
@unmanaged
class WinogradFilterGradient {
  /** NHWC. */
  x: usize;
  /** NHWC. */
  dy: usize;
  /** HWIO [3, 3, inChannels, outChannels]. */
  dw: usize;
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  top: i32;
  left: i32;
  /** The tiles of this block, counted through all images. */
  firstTile: i32;
  blockTiles: i32;
  /** Transformed tiles of x, [ξ][tile][C'], with `vBytes` from one ξ to the next; C' is a multiple of 4. */
  v: usize;
  vBytes: usize;
  /** Transformed tiles of dy, [ξ][tile][K'], with `gBytes` from one ξ to the next; K' is a multiple of 8. */
  g: usize;
  gBytes: usize;
  /** Sums of products, [ξ][C'][K']. */
  m: usize;
}

const TILE: i32 = 4;
const SIZE: i32 = 6;
/** Tiles whose products are summed before they are added to M: few, for exact sums and the first-level cache. */
const DEPTH: i32 = 64;
const PATCH_BYTES: usize = 36 * 16;

/** Copies four channels of a `size` x `size` patch that reaches over the border, with zeros outside. */
function copyPatch(
  image: usize,
  height: i32,
  width: i32,
  pixelBytes: usize,
  y0: i32,
  x0: i32,
  size: i32,
  to: usize,
): void {
  for (let y = y0; y < y0 + size; y++) {
    for (let x = x0; x < x0 + size; x++, to += 16) {
      const inside = <u32>y < <u32>height && <u32>x < <u32>width;
      v128.store(to, inside ? v128.load(image + <usize>(y * width + x) * pixelBytes) : f32x4.splat(0));
    }
  }
}

/** Bᵀ d B of all channels of one tile: position ξ goes to `to + ξ·toStep`. */
function transformInput(
  d: WinogradFilterGradient,
  n: i32,
  y: i32,
  x: i32,
  channels: i32,
  half: usize,
  patch: usize,
  to: usize,
  toStep: usize,
): void {
  const pixelBytes = <usize>d.inChannels * 4;
  const rowBytes = <usize>d.inWidth * pixelBytes;
  const image = d.x + <usize>(n * d.inHeight) * rowBytes;
  const inside = y >= 0 && x >= 0 && y + SIZE <= d.inHeight && x + SIZE <= d.inWidth;
  for (let c = 0; c < channels; c += 4) {
    const bytes = <usize>c * 4;
    let from = image + <usize>y * rowBytes + <usize>x * pixelBytes + bytes;
    let fromRow = rowBytes;
    let fromColumn = pixelBytes;
    if (!inside) {
      copyPatch(image + bytes, d.inHeight, d.inWidth, pixelBytes, y, x, SIZE, patch);
      from = patch;
      fromRow = 96;
      fromColumn = 16;
    }
    for (let j: usize = 0; j < 6; j++) input4(from + j * fromColumn, fromRow, half + j * 16, 96);
    for (let i: usize = 0; i < 6; i++) input4(half + i * 96, 16, to + bytes + 6 * i * toStep, toStep);
  }
}

/** A dy Aᵀ of all channels of one tile: position ξ goes to `to + ξ·toStep`. */
function transformGradient(
  d: WinogradFilterGradient,
  n: i32,
  p: i32,
  q: i32,
  columns: i32,
  half: usize,
  patch: usize,
  to: usize,
  toStep: usize,
): void {
  const pixelBytes = <usize>d.outChannels * 4;
  const rowBytes = <usize>d.outWidth * pixelBytes;
  const image = d.dy + <usize>(n * d.outHeight) * rowBytes;
  const inside = p + TILE <= d.outHeight && q + TILE <= d.outWidth;
  for (let k = 0; k < columns; k += 4) {
    const bytes = <usize>k * 4;
    let from = image + <usize>p * rowBytes + <usize>q * pixelBytes + bytes;
    let fromRow = rowBytes;
    let fromColumn = pixelBytes;
    if (!inside) {
      copyPatch(image + bytes, d.outHeight, d.outWidth, pixelBytes, p, q, TILE, patch);
      from = patch;
      fromRow = 64;
      fromColumn = 16;
    }
    for (let j: usize = 0; j < 4; j++) gradient4(from + j * fromColumn, fromRow, half + j * 16, 64);
    for (let i: usize = 0; i < 6; i++) gradient4(half + i * 64, 16, to + bytes + 6 * i * toStep, toStep);
  }
}

// @ts-ignore: decorator
@inline
function rowsOfV(d: WinogradFilterGradient): i32 {
  return (d.inChannels + 3) & ~3;
}

// @ts-ignore: decorator
@inline
function columnsOfG(d: WinogradFilterGradient): i32 {
  return (d.outChannels + 7) & ~7;
}

/** V and G of a block. A unit is one tile. Scratch: two patches of vectors. */
export function winogradFilterGradientTiles(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<WinogradFilterGradient>(descriptor);
  const tileColumns = (d.outWidth + TILE - 1) / TILE;
  const imageTiles = (d.outHeight + TILE - 1) / TILE * tileColumns;
  const channels = rowsOfV(d);
  const columns = columnsOfG(d);
  const patch = scratch + PATCH_BYTES;
  for (let t = begin; t < end; t++) {
    const n = (d.firstTile + t) / imageTiles;
    const inImage = d.firstTile + t - n * imageTiles;
    const tileRow = inImage / tileColumns;
    const p = tileRow * TILE;
    const q = (inImage - tileRow * tileColumns) * TILE;
    const v = d.v + <usize>(t * channels) * 4;
    const g = d.g + <usize>(t * columns) * 4;
    transformInput(d, n, p - d.top, q - d.left, channels, scratch, patch, v, d.vBytes);
    transformGradient(d, n, p, q, columns, scratch, patch, g, d.gBytes);
  }
}

/** M += Vᵀ G of a block, from zero for the first one. A unit is one position ξ. Scratch: 32 bytes. */
export function winogradFilterGradientProducts(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<WinogradFilterGradient>(descriptor);
  const channels = rowsOfV(d);
  const columns = columnsOfG(d);
  const vTileBytes = <usize>channels * 4;
  const gTileBytes = <usize>columns * 4;
  const mBytes = <usize>channels * gTileBytes;
  for (let position = <usize>begin; position < <usize>end; position++) {
    const m = d.m + position * mBytes;
    if (d.firstTile == 0) memory.fill(m, 0, mBytes);
    for (let first = 0; first < d.blockTiles; first += DEPTH) {
      const count = min(DEPTH, d.blockTiles - first);
      const v = d.v + position * d.vBytes + <usize>first * vTileBytes;
      const g = d.g + position * d.gBytes + <usize>first * gTileBytes;
      for (let k: usize = 0; k < gTileBytes; k += 32) {
        for (let c: usize = 0; c < vTileBytes; c += 16) {
          const to = m + c / 4 * gTileBytes + k;
          addOuterProducts4x8(v + c, g + k, 1, count, vTileBytes, gTileBytes, 0, 0, to, gTileBytes, 4, 8, scratch);
        }
      }
    }
  }
}

/** dw = Gᵀ M G. A unit is one input channel. Scratch: two patches of vectors. */
export function winogradFilterGradientTaps(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<WinogradFilterGradient>(descriptor);
  const patch = scratch + PATCH_BYTES;
  const mRowBytes = <usize>columnsOfG(d) * 4;
  const mBytes = <usize>rowsOfV(d) * mRowBytes;
  const tapBytes = <usize>(d.inChannels * d.outChannels) * 4;
  for (let c = begin; c < end; c++) {
    for (let k = 0; k < d.outChannels; k += 4) {
      const from = d.m + <usize>c * mRowBytes + <usize>k * 4;
      for (let j: usize = 0; j < 6; j++) filterGradient4(from + j * mBytes, 6 * mBytes, scratch + j * 16, 96);
      for (let i: usize = 0; i < 3; i++) filterGradient4(scratch + i * 96, 16, patch + i * 48, 16);
      const to = d.dw + <usize>(c * d.outChannels + k) * 4;
      const lanes = min(4, d.outChannels - k);
      for (let tap: usize = 0; tap < 9; tap++) {
        const vector = patch + tap * 16;
        if (lanes == 4) {
          v128.store(to + tap * tapBytes, v128.load(vector));
          continue;
        }
        for (let l: usize = 0; l < <usize>lanes * 4; l += 4) {
          store<f32>(to + tap * tapBytes + l, load<f32>(vector + l));
        }
      }
    }
  }
}
