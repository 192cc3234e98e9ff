import assert from "node:assert/strict";
import { type BenchFigure, renderBench } from "../../src/charts/bench_chart.ts";
import { readSvg, textsOf } from "./read_svg.ts";

function bar(form: string, batch: number, medianMs: number) {
  return { form, batch, medianMs, p95Ms: 1.25 * medianMs, imagesPerSecond: 1000 * batch / medianMs };
}

const bench: BenchFigure = {
  results: [bar("training", 1, 4), bar("fused", 1, 2), bar("training", 32, 96), bar("fused", 32, 64)],
  speedup: [
    { form: "fused", batch: 1, ratio: 2, low: 1.9, high: 2.2 },
    { form: "fused", batch: 32, ratio: 1.5, low: 1.45, high: 1.6 },
  ],
};

Deno.test("renderBench() draws bars whose lengths are the times per image", () => {
  const tags = readSvg(renderBench(bench, "Inference", "toy"));
  const widths = tags.filter(({ name, attributes }) => name === "rect" && attributes["class"] !== "card")
    .map(({ attributes }) => Number(attributes["width"]));
  assert.equal(widths.length, 4);
  // 4, 2, 3 and 2 ms per image.
  for (const [index, expected] of [1, 0.5, 0.75, 0.5].entries()) {
    assert.ok(Math.abs(widths[index]! / widths[0]! - expected) < 1e-3, `${widths}`);
  }
});

Deno.test("renderBench() says the times per image that its bars show, the rates and the ratios in words", () => {
  const texts = textsOf(readSvg(renderBench(bench, "Inference", "toy")));
  const expected = ["4.00 ms, 250/s", "2.00 ms, 500/s", "3.00 ms, 333/s", "2.00 ms, 500/s", "2.00×", "1.50×"];
  for (const text of [...expected, "training", "fused"]) assert.ok(texts.includes(text), text);
});

Deno.test("renderBench() puts each ratio between the ends of its interval", () => {
  const panel = renderBench(bench, "Inference", "toy").split("Speedup")[1]!;
  const dots = [...panel.matchAll(/<circle[^>]*cx="([\d.]+)"/g)].map((match) => Number(match[1]));
  const intervals = [...panel.matchAll(/<line ([^>]*)\/>/g)].map((match) => {
    const [x1, x2] = ["x1", "x2"].map((name) =>
      Number(match[1]!.match(new RegExp(`${name}="([\\d.]+)"`))![1])
    );
    return [Math.min(x1!, x2!), Math.max(x1!, x2!)] as const;
  }).filter(([low, high]) => high > low);
  assert.equal(dots.length, 2);
  assert.equal(intervals.length, 2);
  dots.forEach((dot, i) =>
    assert.ok(intervals[i]![0] < dot && dot < intervals[i]![1], `${dot} in ${intervals[i]}`)
  );
});

Deno.test("renderBench() gives every contender a row of its own, in its colour", () => {
  const third = {
    results: [...bench.results, bar("runtime", 1, 1.6), bar("runtime", 32, 48)],
    speedup: [
      ...bench.speedup,
      { form: "runtime", batch: 1, ratio: 2.5, low: 2.4, high: 2.6 },
      { form: "runtime", batch: 32, ratio: 2, low: 1.9, high: 2.1 },
    ],
  };
  const panel = renderBench(third, "Inference", "toy").split("Speedup")[1]!;
  const circles = [...panel.matchAll(/<circle[^>]*>/g)].map(([tag]) => ({
    y: Number(/cy="([\d.]+)"/.exec(tag)![1]),
    color: /fill="([^"]+)"/.exec(tag)![1]!,
  }));
  assert.equal(circles.length, 4);
  assert.equal(new Set(circles.map(({ color }) => color)).size, 2);
  const [fused, runtime] = circles;
  assert.ok(Math.abs(fused!.y - runtime!.y) >= 17 || fused!.color === runtime!.color, `${panel}`);
});

Deno.test("renderBench() keeps its bars long and draws an arrow when a percentile lies far beyond", () => {
  const outlier = { ...bench, results: [{ ...bar("training", 1, 4), p95Ms: 400 }, bar("fused", 1, 2)] };
  const longest = (figure: BenchFigure) =>
    Math.max(
      ...readSvg(renderBench(figure, "Inference", "toy"))
        .filter(({ name, attributes }) => name === "rect" && attributes["class"] !== "card")
        .map(({ attributes }) => Number(attributes["width"])),
    );
  assert.ok(longest(outlier) > 0.8 * longest(bench), `${longest(outlier)} of ${longest(bench)}`);
  const arrows = (figure: BenchFigure) =>
    renderBench(figure, "Inference", "toy").match(/rotate\(90\)/g)?.length ?? 0;
  assert.equal(arrows(bench), 0);
  assert.equal(arrows(outlier), 1);
});

Deno.test("renderBench() leaves the second panel out when nothing is compared", () => {
  const svg = renderBench({ results: [bar("fused", 1, 2)], speedup: [] }, "Inference", "toy");
  assert.doesNotMatch(svg, /Speedup/);
  assert.doesNotMatch(svg, /NaN|undefined/);
  readSvg(svg);
});

Deno.test("renderBench() draws forms in distinct colours when there are five of them", () => {
  const forms = ["a", "b", "c", "d", "e"];
  const svg = renderBench({ results: forms.map((form) => bar(form, 1, 2)), speedup: [] }, "Inference", "toy");
  const colors = readSvg(svg).filter(({ name, attributes }) =>
    name === "tspan" && attributes["fill"] !== undefined
  );
  assert.equal(new Set(colors.map(({ attributes }) => attributes["fill"])).size, 5);
});

Deno.test("renderBench() throws a RangeError when there is no result", () => {
  assert.throws(() => renderBench({ results: [], speedup: [] }, "Inference", "toy"), RangeError);
});
