/**
 * Grouped kernels in fewer groups. A kernel of `from` groups is also one of `to` groups when `to` divides `from`: the
 * channels that were apart get zeros between them.
 *
 * @module
 */

/** What {@link regroup} needs to know of the kernel. */
export interface GroupedKernel {
  /** [taps, inChannels / groups, outChannels]. */
  readonly kernel: Float64Array;
  /** Kernel height times width. */
  readonly taps: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/**
 * The kernel in `to` groups, [taps, inChannels / to, outChannels]; the same array when nothing changes.
 *
 * @param grouped The kernel and its shape.
 * @param to A divisor of its number of groups.
 */
export function regroup(grouped: GroupedKernel, to: number): Float64Array {
  const { kernel, taps, inChannels, outChannels, groups } = grouped;
  if (to === groups) return kernel;
  const rows = inChannels / groups;
  const wideRows = inChannels / to;
  const groupOutputs = outChannels / groups;
  const groupsPerBlock = groups / to;
  const result = new Float64Array(taps * wideRows * outChannels);
  for (let tap = 0; tap < taps; tap++) {
    for (let group = 0; group < groups; group++) {
      const firstRow = (group % groupsPerBlock) * rows;
      for (let row = 0; row < rows; row++) {
        const from = (tap * rows + row) * outChannels + group * groupOutputs;
        const target = (tap * wideRows + firstRow + row) * outChannels + group * groupOutputs;
        result.set(kernel.subarray(from, from + groupOutputs), target);
      }
    }
  }
  return result;
}
