/**
 * The names of a network's classes as people keep them: one on a line; or JSON, as a list, by their numbers (Keras'
 * `imagenet_class_index.json`, `id2label` of Hugging Face), or below `labels` (Teachable Machine).
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { readBytes } from "../files/read.ts";

/** Where a JSON file that says more keeps them. */
const KEYS = ["labels", "id2label", "names", "classes"] as const;

/** Python's way to write names by their numbers, as Ultralytics does: {0: 'cat', 1: 'dog'}. */
const PYTHON_ENTRY = /^\s*(\d+)\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(?:,|$)/;

/**
 * Reads the names from a file, in the order of the network's outputs. Two classes may share a name.
 *
 * @throws {InputError} when there are none.
 */
export async function readLabels(path: string): Promise<readonly string[]> {
  const text = new TextDecoder().decode(await readBytes(path, "labels"));
  const isJson = /^\s*[[{]/.test(text);
  const labels = isJson ? labelsIn(text) : linesOf(text);
  if (labels !== undefined && labels.length > 0) return labels;
  throw new InputError(
    `Cannot read labels from ${path}: ${isJson ? "its JSON holds none" : "it has no lines"}.`,
    'Write one on a line, or a JSON list, or names by their numbers: {"0": "cat", "1": "dog"}.',
  );
}

/** The names in a text of JSON, of Python, or with commas between them; undefined where there are none. */
export function labelsIn(text: string): readonly string[] | undefined {
  try {
    return namesIn(JSON.parse(text));
  } catch {
    return pythonNames(text) ??
      (/^[^{[]*,/.test(text) ? text.split(",").map((name) => name.trim()) : undefined);
  }
}

function namesIn(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every((name) => typeof name === "string") ? value : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const numbered = byNumbers(Object.entries(value).map(([key, name]) => [key, nameOf(name)]));
  if (numbered !== undefined) return numbered;
  return KEYS.map((key) => namesIn((value as Record<string, unknown>)[key])).find((names) => names);
}

/** A name, or the last word of [WordNet number, name]. */
function nameOf(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : value;
}

/** The names where their keys are 0, 1, 2, … in any order. */
function byNumbers(entries: readonly (readonly [key: string, name: unknown])[]): string[] | undefined {
  const names: string[] = [];
  for (const [key, name] of entries) {
    if (!/^\d+$/.test(key) || typeof name !== "string" || Number(key) >= entries.length) return undefined;
    names[Number(key)] = name;
  }
  return names.length > 0 && Object.keys(names).length === entries.length ? names : undefined;
}

function pythonNames(text: string): readonly string[] | undefined {
  const inside = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  if (inside === undefined) return undefined;
  const entries: (readonly [string, string])[] = [];
  for (let rest = inside; rest.trim() !== "";) {
    const found = PYTHON_ENTRY.exec(rest);
    if (found === null) return undefined;
    entries.push([found[1]!, (found[2] ?? found[3]!).replace(/\\(.)/g, "$1")]);
    rest = rest.slice(found[0].length);
  }
  return byNumbers(entries);
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, "").split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}
