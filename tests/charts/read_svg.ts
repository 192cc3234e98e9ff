/**
 * Reads SVG text strictly enough for tests: anything that an XML parser would refuse throws.
 *
 * @module
 */

/** One start tag. */
export interface SvgTag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text right after the tag. */
  readonly text: string;
}

const TAG = /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y;
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[\da-f]+);)/i;

// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Every start tag of a document, in order. Throws where it is not well-formed XML. */
export function readSvg(svg: string): SvgTag[] {
  if (FORBIDDEN.test(svg)) throw new Error("A control character");
  const tags: SvgTag[] = [];
  const open: string[] = [];
  let at = 0;
  while (at < svg.length) {
    if (svg[at] !== "<") throw new Error(`Text outside of the root: ${svg.slice(at, at + 40)}`);
    TAG.lastIndex = at;
    const match = TAG.exec(svg);
    if (match === null) throw new Error(`No tag: ${svg.slice(at, at + 80)}`);
    const [whole, closing, name, attributes, empty] = match as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    if (ENTITY.test(attributes)) throw new Error(`A bare & in ${whole}`);
    const end = svg.indexOf("<", at + whole.length);
    const text = svg.slice(at + whole.length, end < 0 ? undefined : end);
    if (ENTITY.test(text)) throw new Error(`A bare & in ${text}`);
    if (closing === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else`);
    } else {
      tags.push({ name, attributes: readAttributes(attributes), text });
      if (empty !== "/") open.push(name);
    }
    at = open.length > 0 ? at + whole.length + text.length : at + whole.length + text.trim().length + 1;
  }
  if (open.length > 0) throw new Error(`Not closed: ${open.join(", ")}`);
  return tags;
}

/** What the text elements say, in order. */
export function textsOf(tags: readonly SvgTag[]): string[] {
  return tags.filter(({ name, text }) => (name === "text" || name === "tspan") && text !== "").map((
    { text },
  ) => text);
}

function readAttributes(source: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of source.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    if (name! in attributes) throw new Error(`${name} twice in ${source}`);
    attributes[name!] = value!;
  }
  return attributes;
}
