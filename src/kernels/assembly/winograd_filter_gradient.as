/**
 * Gradient of a 3x3 convolution at stride 1 with respect to its filter, by the transpose of Winograd's F(4x4, 3x3): the
 * roles of filter and output are exchanged in the same trilinear form, so the matrices are those of winograd.as.
 *
 *     dw = Gᵀ [ Σ_tiles (Bᵀ d B) ⊙ (A dy Aᵀ) ] G
 *
 * For each of the 36 positions ξ of a tile the sum over tiles is a matrix product, input channels by output channels. A unit
 * is eight output channels; each thread transforms the inputs for itself.
 */
import { addOuterProducts4x8 } from "./lib/outer_products_4x8";
import { filterGradient4, gradient4, input4 } from "./lib/winograd_4";

/** The layout is that of the fields in conv2d/filter_gradient.ts. */
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
  /** Tiles that are transformed before they are multiplied. */
  blockTiles: i32;
}

const TILE: i32 = 4;
const SIZE: i32 = 6;
const PRODUCTS: i32 = 36;
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

/** A dy Aᵀ of output channels [first, first + columns) of one tile: position ξ goes to `to + ξ·toStep`. */
function transformGradient(
  d: WinogradFilterGradient,
  n: i32,
  p: i32,
  q: i32,
  first: i32,
  columns: i32,
  half: usize,
  patch: usize,
  to: usize,
  toStep: usize,
): void {
  const pixelBytes = <usize>d.outChannels * 4;
  const rowBytes = <usize>d.outWidth * pixelBytes;
  const image = d.dy + <usize>(n * d.outHeight) * rowBytes + <usize>first * 4;
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

/** Gᵀ M G for four channels of each row, written to output channels [first, end). */
function transformSums(
  d: WinogradFilterGradient,
  first: i32,
  end: i32,
  m: usize,
  mRowBytes: usize,
  mBytes: usize,
  half: usize,
  patch: usize,
): void {
  const tapBytes = <usize>(d.inChannels * d.outChannels) * 4;
  for (let c = 0; c < d.inChannels; c++) {
    for (let k = first; k < end; k += 4) {
      const from = m + <usize>c * mRowBytes + <usize>(k - first) * 4;
      for (let j: usize = 0; j < 6; j++) filterGradient4(from + j * mBytes, 6 * mBytes, half + j * 16, 96);
      for (let i: usize = 0; i < 3; i++) filterGradient4(half + i * 96, 16, patch + i * 48, 16);
      const to = d.dw + <usize>(c * d.outChannels + k) * 4;
      const lanes = min(4, end - k);
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

/** Scratch, in this order: half, patch, V [ξ][blockTiles][C'], D [ξ][blockTiles][K'], M [ξ][C'][K'], and one vector. */
export function winogradFilterGradient(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<WinogradFilterGradient>(descriptor);
  const tileColumns = (d.outWidth + TILE - 1) / TILE;
  const imageTiles = (d.outHeight + TILE - 1) / TILE * tileColumns;
  const tiles = d.batch * imageTiles;
  const channels = (d.inChannels + 3) & ~3;
  const columns = (end - begin) * 8;
  const first = begin * 8;

  const half = scratch;
  const patch = half + PATCH_BYTES;
  const v = patch + PATCH_BYTES;
  const vTileBytes = <usize>channels * 4;
  const vBytes = <usize>d.blockTiles * vTileBytes;
  const g = v + <usize>PRODUCTS * vBytes;
  const gTileBytes = <usize>columns * 4;
  const gBytes = <usize>d.blockTiles * gTileBytes;
  const m = g + <usize>PRODUCTS * gBytes;
  const mRowBytes = gTileBytes;
  const mBytes = <usize>channels * mRowBytes;
  memory.fill(m, 0, <usize>PRODUCTS * mBytes);

  for (let block = 0; block < tiles; block += d.blockTiles) {
    const count = min(d.blockTiles, tiles - block);
    for (let t = 0; t < count; t++) {
      const n = (block + t) / imageTiles;
      const inImage = block + t - n * imageTiles;
      const tileRow = inImage / tileColumns;
      const p = tileRow * TILE;
      const q = (inImage - tileRow * tileColumns) * TILE;
      transformInput(d, n, p - d.top, q - d.left, channels, half, patch, v + <usize>t * vTileBytes, vBytes);
      transformGradient(d, n, p, q, first, columns, half, patch, g + <usize>t * gTileBytes, gBytes);
    }
    for (let product: usize = 0; product < <usize>PRODUCTS; product++) {
      for (let k = 0; k < columns; k += 8) {
        const b = g + product * gBytes + <usize>k * 4;
        for (let c = 0; c < channels; c += 4) {
          const a = v + product * vBytes + <usize>c * 4;
          const to = m + product * mBytes + <usize>c * mRowBytes + <usize>k * 4;
          addOuterProducts4x8(a, b, 1, count, vTileBytes, gTileBytes, 0, 0, to, mRowBytes, 4, 8, half);
        }
      }
    }
  }
  transformSums(d, first, min(d.outChannels, end * 8), m, mRowBytes, mBytes, half, patch);
}
