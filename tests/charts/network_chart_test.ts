import assert from "node:assert/strict";
import { layOutBranches } from "../../src/charts/branch_layout.ts";
import { assignLanes } from "../../src/charts/lanes.ts";
import { renderNetwork } from "../../src/charts/network_chart.ts";
import { findRepetitions } from "../../src/charts/repetitions.ts";
import { inspect } from "../../src/inspect/inspect.ts";
import { foreignNetwork, networkOf } from "../inspect/networks.ts";
import { readSvg } from "./read_svg.ts";

const textsOf = (svg: string) => readSvg(svg).filter(({ name }) => name === "text").map(({ text }) => text);

Deno.test("renderNetwork() draws the layers of the training form and what they became", async () => {
  const svg = renderNetwork(inspect(await networkOf("repvgg")), "<small>");
  assert.equal(readSvg(svg)[1]?.text, "&lt;small&gt;: training form and deploy form");
  const texts = textsOf(svg);
  const count = (text: string) => texts.filter((other) => other === text).length;
  // The stem, one block for the two that are equal, and the one with a stride.
  assert.deepEqual([count("3x3/2"), count("3x3"), count("1x1/2"), count("1x1"), count("BN")], [
    2,
    1,
    2,
    1,
    7,
  ]);
  assert.deepEqual([count("3x3/2 ReLU"), count("3x3 ReLU"), count("×2")], [2, 1, 1]);
  assert.equal(count("not merged"), 0);
});

Deno.test("renderNetwork() numbers every refused layer and says below what to change", async () => {
  const inspection = inspect(await foreignNetwork());
  const texts = textsOf(renderNetwork(inspection, "foreign"));
  const layers = [...new Set(inspection.refusals.map(({ layer }) => layer))];
  layers.forEach((layer, i) => {
    assert.equal(texts.filter((text) => text === String(i + 1)).length, 2, `badges of ${layer}`);
    assert.ok(texts.some((text) => text.startsWith(`${layer}: `)), `remark about ${layer}`);
  });
});

Deno.test("renderNetwork() keeps everything on the card", async () => {
  for (const artifacts of [await networkOf("dbb"), await foreignNetwork()]) {
    const [root, ...tags] = readSvg(renderNetwork(inspect(artifacts), "network"));
    const [width, height] = [Number(root!.attributes["width"]), Number(root!.attributes["height"])];
    for (const { name, attributes } of tags) {
      const [x, y] = [
        Number(attributes["x"] ?? attributes["cx"] ?? 0),
        Number(attributes["y"] ?? attributes["cy"] ?? 0),
      ];
      const right = x + Number(attributes["width"] ?? attributes["r"] ?? 0);
      assert.ok(x >= 0 && right <= width && y >= 0 && y <= height, `${name} at ${x}, ${y}`);
    }
  }
});

Deno.test("layOutBranches() gives branches columns of their own and the join the middle", async () => {
  for (const block of ["repvgg", "mobileone", "fastvit", "dbb", "acnet"] as const) {
    for (const { training } of inspect(await networkOf(block)).bands) {
      const { places, columns } = layOutBranches(training);
      for (const [i, a] of places.entries()) {
        assert.ok(Math.abs(a.column) <= (columns - 1) / 2, "beyond the edge");
        for (const b of places.slice(0, i)) {
          assert.ok(a.row !== b.row || Math.abs(a.column - b.column) >= 1 - 1e-9, "two nodes overlap");
        }
        for (const input of training[i]!.inputs) assert.ok(places[input]!.row < a.row, "an input below");
      }
      const last = training.at(-1)!;
      if (last.role === "activation") assert.equal(places.at(-1)!.column, 0);
    }
  }
});

Deno.test("findRepetitions() covers every band once, and keeps remarks apart", async () => {
  const { bands } = inspect(await networkOf("mobileone"));
  const repetitions = findRepetitions(bands);
  assert.equal(repetitions.reduce((sum, { length, count }) => sum + length * count, 0), bands.length);
  assert.ok(
    repetitions.some(({ length, count }) => length === 2 && count === 2),
    "depthwise and pointwise, twice",
  );
  const apart = findRepetitions(bands, (layer) => layer.startsWith("stage1/block2"));
  assert.ok(apart.every(({ count }) => count === 1));
});

Deno.test("assignLanes() lets no two lines run on top of one another", () => {
  const passages = [{ from: 0, to: 100 }, { from: 10, to: 20 }, { from: 30, to: 40 }, { from: 15, to: 35 }];
  const lanes = assignLanes(passages);
  for (const [i, a] of passages.entries()) {
    for (const [j, b] of passages.entries()) {
      if (i < j && lanes[i] === lanes[j]) assert.ok(a.to < b.from || b.to < a.from);
    }
  }
  assert.equal(new Set(lanes).size, 3);
});
