/**
 * 3x3 convolution at stride 1 by Winograd's minimal filtering, F(2x2, 3x3) or F(4x4, 3x3): Lavin and Gray, "Fast Algorithms
 * for Convolutional Neural Networks" (2015).
 *
 *     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
 *
 * The elementwise products, summed over channels, are one matrix product for each of the 16 or 36 positions ξ of a tile:
 * rows are tiles, columns output channels. The inputs of a block of tiles are transformed straight into packed panels.
 *
 * A unit is a panel of four tiles, counted over batch, tile rows and tile columns.
 */
import { FROM_ZERO, gemm4x8 } from "./lib/gemm_4x8";
import { input2, output2 } from "./lib/winograd_2";
import { input4, output4 } from "./lib/winograd_4";

/** Filled in by `winogradWords` of descriptors.ts, which is made from this class. */
@unmanaged
class Winograd {
  /** Images, NHWC. */
  input: usize;
  /** As winogradWeights makes them. */
  weights: usize;
  /** Per output channel, or 0. */
  bias: usize;
  /** Images, NHWC. */
  output: usize;
  batch: i32;
  inHeight: i32;
  inWidth: i32;
  inChannels: i32;
  outHeight: i32;
  outWidth: i32;
  outChannels: i32;
  top: i32;
  left: i32;
  lo: f32;
  hi: f32;
  /** Outputs of a tile along one axis: 2 or 4. */
  tile: i32;
  /** Panels of tiles that are transformed before they are multiplied. */
  blockPanels: i32;
}

/** Bytes of a tile's vectors, at most 6 x 6. */
const PATCH_BYTES: usize = 36 * 16;
/** Bytes of four tiles' vectors. */
const STAGE_BYTES: usize = 4 * PATCH_BYTES;

/**
 * Bᵀ d B of four channels of one tile: position ξ goes to `to + ξ·64`.
 *
 * @param from First pixel, in rows of `rowBytes` and columns of `columnBytes`.
 */
function transformInput(
  tile: i32,
  from: usize,
  rowBytes: usize,
  columnBytes: usize,
  half: usize,
  to: usize,
): void {
  if (tile == 2) {
    for (let j: usize = 0; j < 4; j++) input2(from + j * columnBytes, rowBytes, half + j * 16, 64);
    for (let i: usize = 0; i < 4; i++) input2(half + i * 64, 16, to + i * 256, 64);
  } else {
    for (let j: usize = 0; j < 6; j++) input4(from + j * columnBytes, rowBytes, half + j * 16, 96);
    for (let i: usize = 0; i < 6; i++) input4(half + i * 96, 16, to + i * 384, 64);
  }
}

/** Where a tile of the input lies: the same for all of its channels. In scratch memory. */
@unmanaged
class Place {
  /** Address of the tile's first pixel; outside of the image where y or x are. */
  from: usize;
  y: i32;
  x: i32;
  /** Whether all of the tile is inside of the image. */
  inside: i32;
}
const PLACE_BYTES: usize = 16;

/** Fills in the four tiles of a panel; tiles behind the last one repeat it. */
function locateTiles(d: Winograd, panel: i32, tileRows: i32, tileColumns: i32, to: usize): void {
  const size = d.tile + 2;
  const imageTiles = tileRows * tileColumns;
  const last = d.batch * imageTiles - 1;
  for (let r = 0; r < 4; r++) {
    const index = min(panel * 4 + r, last);
    const n = index / imageTiles;
    const inImage = index - n * imageTiles;
    const tileRow = inImage / tileColumns;
    const y = tileRow * d.tile - d.top;
    const x = (inImage - tileRow * tileColumns) * d.tile - d.left;
    const place = changetype<Place>(to + <usize>r * PLACE_BYTES);
    place.from = d.input + <usize>(((n * d.inHeight + y) * d.inWidth + x) * d.inChannels) * 4;
    place.y = y;
    place.x = x;
    place.inside = i32(y >= 0) & i32(x >= 0) & i32(y + size <= d.inHeight) & i32(x + size <= d.inWidth);
  }
}

/** Copies four channels of a tile that reaches over the image's border, with zeros outside. */
function copyPatch(d: Winograd, place: Place, bytes: usize, size: i32, to: usize): void {
  const columnBytes = <usize>d.inChannels * 4;
  const rowBytes = <usize>d.inWidth * columnBytes;
  const zero = f32x4.splat(0);
  const firstRow = -place.y;
  const endRow = d.inHeight - place.y;
  const firstColumn = max(0, -place.x);
  const endColumn = min(size, d.inWidth - place.x);
  let row = place.from + bytes;
  for (let i = 0; i < size; i++, row += rowBytes) {
    const inRow = i >= firstRow && i < endRow;
    let pixel = row;
    for (let j = 0; j < size; j++, to += 16, pixel += columnBytes) {
      v128.store(to, inRow && j >= firstColumn && j < endColumn ? v128.load(pixel) : zero);
    }
  }
}

/** Turns [4 tiles][4 channels] into [4 channels][4 tiles]. */
// @ts-ignore: decorator
@inline
function transpose4x4(from: usize, to: usize): void {
  const x0 = v128.load(from);
  const x1 = v128.load(from, 16);
  const x2 = v128.load(from, 32);
  const x3 = v128.load(from, 48);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<f64>(low01, low23, 1, 3), 16);
  v128.store(to, v128.shuffle<f64>(high01, high23, 0, 2), 32);
  v128.store(to, v128.shuffle<f64>(high01, high23, 1, 3), 48);
}

/** Writes the part of a transformed tile that lies inside the output, `lanes` channels of it. */
function storeTile(d: Winograd, from: usize, to: usize, rows: i32, columns: i32, lanes: i32, bias: v128): void {
  const lo = f32x4.splat(d.lo);
  const hi = f32x4.splat(d.hi);
  const columnBytes = <usize>d.outChannels * 4;
  const rowBytes = <usize>d.outWidth * columnBytes;
  const fromRowBytes = <usize>d.tile * 16;
  for (let i = 0; i < rows; i++) {
    let pixel = to + <usize>i * rowBytes;
    let vector = from + <usize>i * fromRowBytes;
    for (let j = 0; j < columns; j++) {
      const y = f32x4.pmin(f32x4.pmax(f32x4.add(v128.load(vector), bias), lo), hi);
      if (lanes >= 4) {
        v128.store(pixel, y);
      } else {
        v128.store(vector, y);
        for (let l: usize = 0; l < <usize>lanes * 4; l += 4) store<f32>(pixel + l, load<f32>(vector + l));
      }
      pixel += columnBytes;
      vector += 16;
    }
  }
}

/**
 * Scratch, in this order: half, patch, stage, Place [4], row addresses [blockPanels][4], V [ξ][blockPanels][C'][4],
 * M [ξ][tiles][K'].
 */
export function winograd(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<Winograd>(descriptor);
  const tile = d.tile;
  const size = tile + 2;
  const products = size * size;
  const tileRows = (d.outHeight + tile - 1) / tile;
  const tileColumns = (d.outWidth + tile - 1) / tile;
  const imageTiles = tileRows * tileColumns;
  const tiles = d.batch * imageTiles;
  const channels = (d.inChannels + 3) & ~3;
  const columns = (d.outChannels + 7) & ~7;

  const half = scratch;
  const patch = half + PATCH_BYTES;
  const stage = patch + PATCH_BYTES;
  const places = stage + STAGE_BYTES;
  const rows = places + 4 * PLACE_BYTES;
  const v = rows + <usize>d.blockPanels * 16;
  const vPanelBytes = <usize>channels * 16;
  const vBytes = <usize>d.blockPanels * vPanelBytes;
  const m = v + <usize>products * vBytes;
  const mRowBytes = <usize>columns * 4;
  const mBytes = <usize>d.blockPanels * 4 * mRowBytes;
  const weightPanelBytes = <usize>d.inChannels * 32;

  const inColumnBytes = <usize>d.inChannels * 4;
  const inRowBytes = <usize>d.inWidth * inColumnBytes;
  const outColumnBytes = <usize>d.outChannels * 4;
  const outRowBytes = <usize>d.outWidth * outColumnBytes;
  const infinity = f32.MAX_VALUE * 2;

  for (let block = begin; block < end; block += d.blockPanels) {
    const count = min(d.blockPanels, end - block);

    for (let panel = 0; panel < count; panel++) {
      locateTiles(d, block + panel, tileRows, tileColumns, places);
      for (let channel = 0; channel < channels; channel += 4) {
        const bytes = <usize>channel * 4;
        for (let r: usize = 0; r < 4; r++) {
          const place = changetype<Place>(places + r * PLACE_BYTES);
          const to = stage + (r << 4);
          if (place.inside) {
            transformInput(tile, place.from + bytes, inRowBytes, inColumnBytes, half, to);
          } else {
            copyPatch(d, place, bytes, size, patch);
            transformInput(tile, patch, <usize>size * 16, 16, half, to);
          }
        }
        let to = v + <usize>panel * vPanelBytes + <usize>channel * 16;
        let from = stage;
        for (let product = 0; product < products; product++, from += 64, to += vBytes) transpose4x4(from, to);
      }
    }

    let weights = d.weights;
    for (let product = 0; product < products; product++) {
      for (let row: usize = 0; row < <usize>count * 4; row++) {
        store<u32>(rows + row * 4, m + <usize>product * mBytes + row * mRowBytes);
      }
      for (let column = 0; column < columns; column += 8) {
        for (let panel: usize = 0; panel < <usize>count; panel++) {
          const a = v + <usize>product * vBytes + panel * vPanelBytes;
          const columnBytes = <usize>column * 4;
          gemm4x8(
            d.inChannels, a, weights, rows + panel * 16, columnBytes, 8, FROM_ZERO, 0, -infinity, infinity, stage,
          );
        }
        weights += weightPanelBytes;
      }
    }

    const last = min((block + count) * 4, tiles);
    for (let index = block * 4; index < last; index++) {
      const n = index / imageTiles;
      const inImage = index - n * imageTiles;
      const p = inImage / tileColumns * tile;
      const q = (inImage - inImage / tileColumns * tileColumns) * tile;
      const to = d.output + <usize>(n * d.outHeight + p) * outRowBytes + <usize>q * outColumnBytes;
      const from = m + <usize>(index - block * 4) * mRowBytes;
      const step = <usize>size * mBytes;
      for (let column = 0; column < d.outChannels; column += 4) {
        const at = from + <usize>column * 4;
        if (tile == 2) {
          for (let j: usize = 0; j < 4; j++) output2(at + j * mBytes, step, half + j * 16, 64);
          for (let i: usize = 0; i < 2; i++) output2(half + i * 64, 16, patch + i * 32, 16);
        } else {
          for (let j: usize = 0; j < 6; j++) output4(at + j * mBytes, step, half + j * 16, 96);
          for (let i: usize = 0; i < 4; i++) output4(half + i * 96, 16, patch + i * 64, 16);
        }
        const bytes = <usize>column * 4;
        const bias = d.bias ? v128.load(d.bias + bytes) : f32x4.splat(0);
        storeTile(
          d, patch, to + bytes, min(tile, d.outHeight - p), min(tile, d.outWidth - q), d.outChannels - column, bias,
        );
      }
    }
  }
}
