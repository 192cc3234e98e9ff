/// <reference lib="dom" />
/**
 * The exported page: ties the drawing board, the network and what is shown together.
 *
 * @module
 */
import { acceptPictures, DrawingBoard } from "./drawing_board.ts";
import type { Latency } from "./latency.ts";
import { ASSETS, assetUrl, type PageData, readAsset } from "./page_data.ts";
import { pixelsOf, showPixels } from "./picture.ts";
import { Recognizer } from "./recognizer.ts";
import { formatShare } from "../../text/quantities.ts";

/** Pens that stand out from the board and from one another. */
const PENS = {
  yellow: "#ffd23f",
  red: "#e4572e",
  green: "#4cc38a",
  blue: "#2b59ff",
  white: "#f6f7f9",
  black: "#14181d",
};
const SHOWN_CLASSES = 5;
/** Time without a change after which the forms are timed, ms. */
const PAUSE_MS = 250;
/** An answer that takes no longer is given while somebody draws, ms; others wait for the pause. */
const QUICK_MS = 100;

const FORM_NAMES = { training: "As trained", fused: "Fused", unknown: "Network" } as const;

function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

async function start(): Promise<void> {
  const data = await (await readAsset(ASSETS.data)).json() as PageData;
  document.title = `RepFuse: ${data.title}`;
  byId("title").textContent = data.title;
  if (data.forms.length === 1) byId("forms-intro").textContent = "It runs in this page.";
  showPens();
  const recognizer = await Recognizer.load(data);
  showFacts(recognizer);
  const view = new View(recognizer);
  await showExamples(data, view.board);
  document.documentElement.dataset.ready = "";
}

/** What the page shows of one picture. */
class View {
  readonly board: DrawingBoard;
  private readonly shape;
  /** Ends with the next change of the picture. */
  private pause = new AbortController();
  /** How long the last answer took, ms. */
  private answerMs = 0;

  constructor(private readonly recognizer: Recognizer) {
    this.shape = recognizer.data.inputSize;
    this.board = new DrawingBoard(byId<HTMLCanvasElement>("board"), () => this.update());
    byId("clear").addEventListener("click", () => this.board.clear());
    byId("fills").addEventListener("change", (event) => {
      this.board.brush.fills = (event.target as HTMLInputElement).checked;
    });
    document.querySelector(".colors")!.addEventListener("change", (event) => {
      this.board.brush.color = (event.target as HTMLInputElement).value;
    });
    acceptPictures(byId("drop"), byId<HTMLInputElement>("file"), (file) => this.open(file));
    this.update();
  }

  private async open(file: File): Promise<void> {
    const picture = await createImageBitmap(file).catch(() => undefined);
    if (picture === undefined) return fail(`${file.name} is not a picture that this browser can read.`);
    this.board.show(picture, picture.width, picture.height);
    picture.close();
  }

  private update(): void {
    byId("invitation").hidden = !this.board.isEmpty;
    const pixels = pixelsOf(this.board.content, this.shape);
    showPixels(byId<HTMLCanvasElement>("seen"), pixels, this.shape);
    this.pause.abort();
    if (this.board.isEmpty) {
      showNothing();
      return;
    }
    const answersAtOnce = this.answerMs < QUICK_MS;
    if (answersAtOnce) this.answer(pixels);
    const pause = this.pause = new AbortController();
    setTimeout(async () => {
      if (pause.signal.aborted) return;
      if (!answersAtOnce) this.answer(pixels);
      await this.time(pixels, pause.signal).catch(failWith);
    }, PAUSE_MS);
  }

  private answer(pixels: Uint8Array): void {
    const start = performance.now();
    showClasses(this.recognizer.data.labels, this.recognizer.classify(pixels));
    this.answerMs = performance.now() - start;
  }

  private async time(pixels: Uint8Array, signal: AbortSignal): Promise<void> {
    byId("forms").setAttribute("aria-busy", "true");
    const latency = await this.recognizer.time(pixels, signal);
    if (latency === undefined) return;
    showLatency(this.recognizer.data, latency);
    byId("forms").removeAttribute("aria-busy");
  }
}

function showPens(): void {
  const pens = document.querySelector(".colors")!;
  for (const [name, color] of Object.entries(PENS)) {
    const label = document.createElement("label");
    label.title = name;
    const input = Object.assign(document.createElement("input"), {
      type: "radio",
      name: "pen",
      value: color,
      checked: color === PENS.yellow,
      className: "hidden",
    });
    input.setAttribute("aria-label", name);
    const dot = document.createElement("span");
    dot.style.background = color;
    label.append(input, dot);
    pens.append(label);
  }
}

/** One button for each picture in the strip `examples.png`. */
async function showExamples({ examples }: PageData, board: DrawingBoard): Promise<void> {
  if (examples.length === 0) return;
  const strip = new Image();
  strip.src = assetUrl(ASSETS.examples);
  await strip.decode();
  const width = strip.width / examples.length;
  for (const [i, label] of examples.entries()) {
    const button = Object.assign(document.createElement("button"), { type: "button", title: label });
    button.setAttribute("aria-label", `Example: ${label}`);
    const canvas = Object.assign(document.createElement("canvas"), { width, height: strip.height });
    canvas.getContext("2d")!.drawImage(strip, -i * width, 0);
    button.append(canvas);
    button.addEventListener("click", () => board.show(strip, width, strip.height, i * width));
    byId("examples").append(button);
  }
  byId("examples-area").hidden = false;
}

function showNothing(): void {
  byId("answer").textContent = "Ready";
  byId("confidence").textContent = "Draw something, or choose an example.";
  byId("classes").replaceChildren();
  byId("forms").replaceChildren();
  byId("forms").removeAttribute("aria-busy");
  byId("speedup").textContent = "";
  byId("method").textContent = "Measured as soon as there is a picture.";
}

function showClasses(labels: readonly string[], probabilities: Float64Array): void {
  const order = labels.map((_, i) => i).sort((a, b) => probabilities[b]! - probabilities[a]!);
  const best = order[0]!;
  byId("answer").classList.remove("failure");
  byId("answer").textContent = labels[best]!;
  byId("confidence").textContent = `${formatShare(probabilities[best]!, 1)} sure`;
  byId("classes").replaceChildren(
    ...order.slice(0, SHOWN_CLASSES).map((index) => {
      const item = document.createElement("li");
      item.append(
        span("label", labels[index]!),
        bar(probabilities[index]!),
        span("number", formatShare(probabilities[index]!, 1)),
      );
      return item;
    }),
  );
}

function showLatency({ forms }: PageData, { medianMs, speedup, rounds }: Latency): void {
  const longest = Math.max(...medianMs);
  byId("forms").replaceChildren(...forms.map(({ name, convolutions, parameters }, i) => {
    const row = document.createElement("div");
    row.className = name;
    row.dataset.ms = String(medianMs[i]);
    const term = document.createElement("dt");
    term.textContent = FORM_NAMES[name];
    const time = document.createElement("dd");
    time.className = "number";
    time.textContent = `${medianMs[i]!.toPrecision(3)} ms`;
    const parts = document.createElement("dd");
    parts.className = "parts muted small";
    parts.textContent = `${convolutions} convolutions, ${parameters.toLocaleString("en")} parameters`;
    row.append(term, time, parts, bar(medianMs[i]! / longest));
    return row;
  }));
  if (speedup !== undefined) {
    const { ratio, low, high } = speedup;
    byId("speedup").textContent = `Fused, it is ${ratio.toFixed(2)} times as fast.`;
    byId("method").textContent = `Medians of ${rounds} rounds, both forms in turn on the same picture; ` +
      `95% interval ${low.toFixed(2)} to ${high.toFixed(2)}.`;
  } else byId("method").textContent = `Median of ${rounds} rounds.`;
}

function showFacts({ engine, data: { inputSize: [height, width] } }: Recognizer): void {
  const means = engine === "javascript" ? "plain JavaScript" : `RepFuse's WebAssembly kernels (${engine})`;
  byId("facts").textContent = `On ${means}, one thread; pictures of ${width} × ${height} pixels.`;
}

function fail(message: string): void {
  byId("answer").textContent = message;
  byId("answer").classList.add("failure");
  byId("confidence").textContent = "";
}

function failWith(error: unknown): void {
  fail(error instanceof Error ? error.message : String(error));
}

function span(className: string, text: string): HTMLElement {
  return Object.assign(document.createElement("span"), { className, textContent: text });
}

/** A bar that is filled to a share. */
function bar(share: number): HTMLElement {
  const track = span("bar", "");
  const fill = document.createElement("i");
  fill.style.width = `${100 * share}%`;
  track.append(fill);
  return track;
}

start().catch(failWith);
