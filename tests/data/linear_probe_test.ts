import assert from "node:assert/strict";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { PROBE_DEFAULTS, probeLinearly } from "../../src/data/linear_probe.ts";
import { Random } from "../../src/random.ts";

const options = { ...PROBE_DEFAULTS, learningRate: 0.2, weightDecay: 0, epochs: 20 };

Deno.test("probeLinearly() learns what a linear classifier can tell", () => {
  // The brightest of three pixels is the class.
  const result = probeLinearly(dataset((label, pixel) => label === pixel ? 60 : 0), options);
  assert.ok(result.trainAccuracy > 0.98 && result.testAccuracy > 0.98, JSON.stringify(result));
});

Deno.test("probeLinearly() stays at chance when the pixels do not depend on the class", () => {
  const result = probeLinearly(dataset(() => 0), options);
  assert.ok(result.testAccuracy > 0.2 && result.testAccuracy < 0.47, JSON.stringify(result));
});

Deno.test("probeLinearly() is the same run for the same seed", () => {
  const data = dataset((label, pixel) => label === pixel ? 15 : 0);
  assert.deepEqual(probeLinearly(data, options), probeLinearly(data, options));
});

function dataset(brighter: (label: number, pixel: number) => number): Dataset {
  const random = Random.from(4, "pixels");
  const draw = (count: number): Split => {
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
    const images = Uint8Array.from({ length: 3 * count }, (_, i) => {
      return 100 + random.integer(30) + brighter(labels[Math.floor(i / 3)]!, i % 3);
    });
    return { images, labels, count };
  };
  const classNames = ["a", "b", "c"];
  return {
    name: "x",
    height: 1,
    width: 3,
    channels: 1,
    classNames,
    train: draw(300),
    test: draw(300),
    checksum: "",
  };
}
