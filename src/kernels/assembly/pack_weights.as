/**
 * Weights of a convolution, HWIO, to the panels [k][8] that the GEMM reads. A unit is one panel of eight columns.
 */

/** Filled in by `packWeightsWords` of descriptors.ts, which is made from this class. */
@unmanaged
class PackWeights {
  /** HWIO [filterHeight, filterWidth, inChannels, outChannels]. */
  filter: usize;
  packed: usize;
  filterWidth: i32;
  inChannels: i32;
  outChannels: i32;
  /** The taps to pack, in the order of k: i = tapStartY + tapStepY·t for t in [0, tapRows), likewise in x. */
  tapStartY: i32;
  tapStepY: i32;
  tapRows: i32;
  tapStartX: i32;
  tapStepX: i32;
  tapColumns: i32;
  /** 0: k is (tap, input channel), columns are output channels. 1: k is (tap, output channel), columns are input channels. */
  transposed: i32;
}

export function packWeights(descriptor: usize, begin: i32, end: i32, _scratch: usize): void {
  const d = changetype<PackWeights>(descriptor);
  const steps = d.transposed ? d.outChannels : d.inChannels;
  const columns = d.transposed ? d.inChannels : d.outChannels;
  // Floats between neighbouring columns and between neighbouring steps of k.
  const columnStep: i32 = d.transposed ? d.outChannels : 1;
  const columnStride = <usize>columnStep * 4;
  const rowStep: i32 = d.transposed ? 1 : d.outChannels;
  const stepStride = <usize>rowStep * 4;
  const tapBytes = <usize>(d.inChannels * d.outChannels) * 4;
  for (let panel = begin; panel < end; panel++) {
    const first = panel * 8;
    const count = min(8, columns - first);
    let to = d.packed + <usize>(panel * d.tapRows * d.tapColumns * steps) * 32;
    for (let t = 0; t < d.tapRows; t++) {
      for (let u = 0; u < d.tapColumns; u++) {
        const tap = (d.tapStartY + d.tapStepY * t) * d.filterWidth + d.tapStartX + d.tapStepX * u;
        let from = d.filter + <usize>tap * tapBytes + <usize>first * columnStride;
        for (let k = 0; k < steps; k++) {
          if (count == 8 && !d.transposed) {
            v128.store(to, v128.load(from));
            v128.store(to, v128.load(from, 16), 16);
          } else {
            for (let j = 0; j < 8; j++) {
              store<f32>(to + (<usize>j << 2), j < count ? load<f32>(from + <usize>j * columnStride) : 0);
            }
          }
          from += stepStride;
          to += 32;
        }
      }
    }
  }
}
