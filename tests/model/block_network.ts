/** Small networks of any kind of block. */
import { type NetworkConfig, parseNetworkConfig } from "../../src/model/config.ts";

/** A network of the block on images of this size. */
export function networkOf(
  block: Record<string, unknown>,
  size: number,
  padding: "same" | "explicit",
): NetworkConfig {
  return parseNetworkConfig({
    inputSize: [size, size + 1, 3],
    classCount: 4,
    padding,
    stem: { width: 8 },
    stages: [{ depth: 2, width: 8 }, { depth: 1, width: 16 }],
    ...block,
  });
}
