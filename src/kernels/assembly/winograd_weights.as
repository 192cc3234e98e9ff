/**
 * 3x3 weights, HWIO, to the Winograd domain: U = G g Gᵀ for each pair of channels, in panels [ξ][panel][k][8] for the GEMM,
 * where ξ counts the products of a tile. A unit is one panel of eight columns.
 */
import { filter2 } from "./lib/winograd_2";
import { filter4 } from "./lib/winograd_4";

/** Filled in by `winogradWeightsWords` of descriptors.ts, which is made from this class. */
@unmanaged
class WinogradWeights {
  /** HWIO [3, 3, inChannels, outChannels]. */
  filter: usize;
  packed: usize;
  inChannels: i32;
  outChannels: i32;
  /** 1: the filter is turned by 180 degrees, k runs over output channels and columns over input channels. */
  transposed: i32;
  /** Outputs of a tile along one axis: 2 or 4. */
  tile: i32;
}

/** Scratch: taps [9][4], half-transformed [6][3][4], transformed [36][4]. */
export function winogradWeights(descriptor: usize, begin: i32, end: i32, scratch: usize): void {
  const d = changetype<WinogradWeights>(descriptor);
  const steps = d.transposed ? d.outChannels : d.inChannels;
  const columns = d.transposed ? d.inChannels : d.outChannels;
  const columnStep: i32 = d.transposed ? d.outChannels : 1;
  const columnStride = <usize>columnStep * 4;
  const rowStep: i32 = d.transposed ? 1 : d.outChannels;
  const stepStride = <usize>rowStep * 4;
  const tapBytes = <usize>(d.inChannels * d.outChannels) * 4;
  const size = d.tile + 2;
  const panelBytes = <usize>steps * 32;
  const productBytes = <usize>((columns + 7) / 8) * panelBytes;
  const taps = scratch;
  const half = taps + 9 * 16;
  const whole = half + 18 * 16;
  for (let panel = begin; panel < end; panel++) {
    for (let k = 0; k < steps; k++) {
      for (let side = 0; side < 2; side++) {
        const first = panel * 8 + side * 4;
        const from = d.filter + <usize>k * stepStride + <usize>first * columnStride;
        for (let tap = 0; tap < 9; tap++) {
          const source = from + <usize>(d.transposed ? 8 - tap : tap) * tapBytes;
          for (let j = 0; j < 4; j++) {
            const value: f32 = first + j < columns ? load<f32>(source + <usize>j * columnStride) : 0;
            store<f32>(taps + (<usize>(tap * 4 + j) << 2), value);
          }
        }
        // Columns of the 3x3 taps, then rows of the result.
        for (let j: usize = 0; j < 3; j++) {
          if (d.tile == 2) filter2(taps + j * 16, 48, half + j * 16, 48);
          else filter4(taps + j * 16, 48, half + j * 16, 48);
        }
        for (let i: usize = 0; i < <usize>size; i++) {
          const to = whole + i * <usize>size * 16;
          if (d.tile == 2) filter2(half + i * 48, 16, to, 16);
          else filter4(half + i * 48, 16, to, 16);
        }
        let to = d.packed + <usize>panel * panelBytes + <usize>k * 32 + <usize>side * 16;
        for (let product: usize = 0; product < <usize>(size * size); product++, to += productBytes) {
          v128.store(to, v128.load(whole + product * 16));
        }
      }
    }
  }
}
