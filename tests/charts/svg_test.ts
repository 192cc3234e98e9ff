import assert from "node:assert/strict";
import * as Plot from "@observablehq/plot";
import { renderFigure, SERIES_COLORS } from "../../src/charts/svg.ts";
import { readSvg } from "./read_svg.ts";

const figure = {
  title: `a <b> & "c"`,
  subtitle: "x\u0000y\u001b",
  width: 300,
  height: 200,
  panels: [{
    x: 10,
    y: 60,
    heading: "<heading>",
    key: [{ label: "&", color: "#000" }],
    plot: {
      width: 280,
      height: 100,
      marks: [Plot.text([`<&"\u0001>`], { x: () => 1, text: (text: string) => text, ariaLabel: `"<&` })],
    },
  }],
};

Deno.test("renderFigure() writes well-formed XML when texts hold markup and control characters", () => {
  const tags = readSvg(renderFigure(figure));
  const [root, title, description] = tags;
  assert.equal(root?.attributes["xmlns"], "http://www.w3.org/2000/svg");
  assert.equal(root?.attributes["viewBox"], "0 0 300 200");
  assert.equal(title?.text, "a &lt;b&gt; &amp; &quot;c&quot;");
  assert.equal(description?.text, "xy");
});

Deno.test("renderFigure() needs no other file when it is opened on its own", () => {
  const svg = renderFigure(figure);
  assert.doesNotMatch(svg.replace("http://www.w3.org/2000/svg", ""), /https?:|href=|url\(|@import/);
});

Deno.test("renderFigure() draws the same text when it is called twice", () => {
  assert.equal(renderFigure(figure), renderFigure(figure));
});

Deno.test("SERIES_COLORS stand out from the light card and from the dark one", () => {
  const svg = renderFigure({ ...figure, panels: [] });
  const light = svg.match(/class="card"[^>]*fill="(#\w{6})"/)?.[1];
  const dark = svg.match(/\.card \{ fill: (#\w{6})/)?.[1];
  for (const card of [light!, dark!]) {
    for (const color of SERIES_COLORS) {
      const ratio = contrast(color, card);
      assert.ok(ratio >= 3, `${color} on ${card}: ${ratio.toFixed(2)} to 1`);
    }
  }
});

/** The contrast ratio of WCAG 2.2, section 1.4.11. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
