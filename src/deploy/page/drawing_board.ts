/// <reference lib="dom" />
/**
 * A canvas to draw on with a mouse, a pen or a finger, to drop a picture on, or to put one on by a button.
 *
 * @module
 */

/** How strokes look. */
export interface Brush {
  /** A CSS colour. */
  color: string;
  /** Whether an outline is filled when the pen is lifted. */
  fills: boolean;
}

/** Width of a stroke, as a share of the canvas. */
const STROKE_SHARE = 0.06;
/** The colour of an empty board: neither black nor white, as the backgrounds of photographs. */
const PAPER = "#5b6b7f";

/** The board. */
export class DrawingBoard {
  /** True until something was put on it. */
  isEmpty = true;
  readonly brush: Brush = { color: "#ffd23f", fills: true };
  private readonly context: CanvasRenderingContext2D;
  private photo: HTMLCanvasElement | undefined;
  private outline: [x: number, y: number][] = [];

  /**
   * @param canvas What is drawn on.
   * @param onChange Called whenever the picture has changed; `done` once a stroke is complete.
   */
  constructor(readonly canvas: HTMLCanvasElement, private readonly onChange: (done: boolean) => void) {
    this.context = canvas.getContext("2d", { willReadFrequently: true })!;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.goOn(event));
    for (const name of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(name, () => this.end());
    }
    this.wipe();
  }

  /** What the network is to see: a picture as it came, for the board only shows it; what is drawn, as it was drawn. */
  get content(): HTMLCanvasElement {
    return this.photo ?? this.canvas;
  }

  /** Back to an empty board. */
  clear(): void {
    this.wipe();
    this.onChange(true);
  }

  /** Puts a picture on the board, which shows its middle square. */
  show(picture: CanvasImageSource, width: number, height: number, left = 0, top = 0): void {
    const side = Math.min(width, height);
    const [x, y] = [left + (width - side) / 2, top + (height - side) / 2];
    this.wipe();
    this.context.imageSmoothingEnabled = side > this.canvas.width;
    this.context.drawImage(picture, x, y, side, side, 0, 0, this.canvas.width, this.canvas.height);
    this.photo = Object.assign(document.createElement("canvas"), { width, height });
    const photo = this.photo.getContext("2d", { willReadFrequently: true })!;
    photo.fillStyle = "white"; // where a picture is transparent, as `predict` reads it
    photo.fillRect(0, 0, width, height);
    photo.drawImage(picture, left, top, width, height, 0, 0, width, height);
    this.isEmpty = false;
    this.onChange(true);
  }

  private wipe(): void {
    this.photo = undefined;
    this.context.fillStyle = PAPER;
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.outline = [];
    this.isEmpty = true;
  }

  private begin(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.photo = undefined;
    this.outline = [this.positionOf(event)];
  }

  private goOn(event: PointerEvent): void {
    if (this.outline.length === 0) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const moved of events.length > 0 ? events : [event]) {
      const from = this.outline.at(-1)!;
      const to = this.positionOf(moved);
      this.outline.push(to);
      this.stroke([from, to]);
    }
    this.isEmpty = false;
    this.onChange(false);
  }

  private end(): void {
    if (this.outline.length === 0) return;
    if (this.outline.length === 1) this.stroke([this.outline[0]!, this.outline[0]!]);
    if (this.brush.fills) this.fill();
    this.outline = [];
    this.isEmpty = false;
    this.onChange(true);
  }

  private stroke(points: readonly [number, number][]): void {
    const { context } = this;
    context.strokeStyle = this.brush.color;
    context.lineWidth = STROKE_SHARE * this.canvas.width;
    context.lineCap = context.lineJoin = "round";
    this.trace(points);
    context.stroke();
  }

  private fill(): void {
    this.context.fillStyle = this.brush.color;
    this.trace(this.outline);
    this.context.fill();
  }

  private trace(points: readonly [number, number][]): void {
    this.context.beginPath();
    for (const [x, y] of points) this.context.lineTo(x, y);
  }

  private positionOf(event: PointerEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left) * this.canvas.width / box.width,
      (event.clientY - box.top) * this.canvas.height / box.height,
    ];
  }
}

/** Calls `open` with every picture file that is dropped on an element, chosen by an input, or pasted. */
export function acceptPictures(area: HTMLElement, input: HTMLInputElement, open: (file: File) => void): void {
  const first = (files: FileList | null | undefined) => {
    const file = [...files ?? []].find(({ type }) => type.startsWith("image/"));
    if (file !== undefined) open(file);
  };
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    area.classList.add("dropping");
  });
  area.addEventListener("dragleave", () => area.classList.remove("dropping"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("dropping");
    first(event.dataTransfer?.files);
  });
  input.addEventListener("change", () => {
    first(input.files);
    input.value = "";
  });
  document.addEventListener("paste", (event) => first(event.clipboardData?.files));
}
