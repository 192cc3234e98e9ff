/**
 * The seeded generator that is passed to everything random. Its state is a short list of integers, so a checkpoint can
 * hold it and a resumed run is the same run. Xoroshiro128+ (Blackman and Vigna, 2018), from `pure-rand`.
 *
 * @module
 */
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers whose state can be saved and restored. */
export class Random {
  private constructor(private readonly generator: ReturnType<typeof xoroshiro128plusFromState>) {}

  /**
   * A stream for one purpose. Different keys of the same seed give streams that share nothing.
   *
   * @param seed Any 32-bit integer.
   * @param key Names of the purpose, for example `"augment", epoch`.
   * @example
   * ```ts
   * import { Random } from "./random.ts";
   * const shuffle = Random.from(7, "shuffle", 3);
   * console.log(shuffle.integer(10));
   * ```
   */
  static from(seed: number, ...key: (string | number)[]): Random {
    const hash = fnv1a(`${seed}/${key.join("/")}`);
    return Random.fromState([1, 2, 3, 4].map((word) => mix(hash + word * GOLDEN_GAMMA)));
  }

  /** The stream that {@link Random.state} was taken from, at the point where it was taken. */
  static fromState(state: readonly number[]): Random {
    return new Random(xoroshiro128plusFromState(state));
  }

  /** The state, as plain integers. */
  state(): number[] {
    return [...this.generator.getState()];
  }

  /** A number in [low, high), uniform. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformFloat64(this.generator);
  }

  /** An integer in [0, count), uniform. */
  integer(count: number): number {
    return uniformInt(this.generator, 0, count - 1);
  }

  /** A normal number of mean 0 and variance 1, by Box and Muller (1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T extends { [index: number]: number; length: number }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const value = values[i]!;
      values[i] = values[j]!;
      values[j] = value;
    }
    return values;
  }
}

/** ⌊2³²/φ⌋, odd: how far apart SplitMix takes its states (Steele et al., 2014). */
const GOLDEN_GAMMA = 0x9e3779b9;

/** FNV-1a over UTF-16 code units, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** MurmurHash3's finalizer: every bit of the input reaches every bit of the output, so near keys start far apart. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
