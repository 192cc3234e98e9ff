/**
 * Runs of equal bands in a network, so that a picture shows a block once and says how often it comes.
 *
 * @module
 */
import type { Band } from "../inspect/bands.ts";

/** Bands in the picture, and how often they come in a row. */
export interface Repetition {
  /** Index of the first band. */
  readonly start: number;
  /** Bands in one round. */
  readonly length: number;
  /** Rounds, at least 1. */
  readonly count: number;
}

/** No block of a known network has more bands. */
const LONGEST_ROUND = 12;

/**
 * Finds what repeats: from the first band on, the round that covers most bands, and the shortest such.
 *
 * @param bands The whole network.
 * @param isMarked Whether something is to be said about a layer; a band with such a layer equals no other.
 */
export function findRepetitions(
  bands: readonly Band[],
  isMarked: (layer: string) => boolean = () => false,
): readonly Repetition[] {
  const signatures = bands.map((band, index) => signatureOf(band, index, isMarked));
  const found: Repetition[] = [];
  for (let start = 0; start < bands.length;) {
    let best: Repetition = { start, length: 1, count: 1 };
    for (let length = 1; length <= LONGEST_ROUND; length++) {
      const count = roundsAt(signatures, start, length);
      if (count > 1 && count * length > best.count * best.length) best = { start, length, count };
    }
    found.push(best);
    start += best.length * best.count;
  }
  return found;
}

function roundsAt(signatures: readonly string[], start: number, length: number): number {
  let end = start + length;
  while (end < signatures.length && signatures[end] === signatures[end - length]) end++;
  return Math.floor((end - start) / length);
}

/** What two bands have in common when they look the same: layers, wiring and sizes, without names. */
function signatureOf(band: Band, index: number, isMarked: (layer: string) => boolean): string {
  const look = ({ label, role, channels, inputs, readsOutside }: Band["training"][number]) => [
    label,
    role,
    channels,
    inputs,
    readsOutside,
  ];
  return JSON.stringify([
    band.kind,
    band.training.map(look),
    band.fused.map(look),
    band.region?.kernelShape,
    band.sources.map((source) => source - index),
    band.fusedSources.map((source) => source - index),
    band.training.some(({ layer }) => isMarked(layer)) ? index : null,
  ]);
}
