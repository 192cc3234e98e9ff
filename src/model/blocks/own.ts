/**
 * A block that a person brings in a file of their own: what the file exports is checked and tried here, and whatever it does
 * wrong later is said as theirs, with the file's name.
 *
 * @module
 */
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { GraphLayers } from "../graph_layers.ts";
import type { LayerBuilder, LayerValue } from "../layer_builder.ts";
import type { BlockPlace } from "./block.ts";
import type { Block } from "./define.ts";
import { BLOCKS } from "./table.ts";

/** A block, and the file that it comes from. */
export interface OwnBlock {
  readonly block: Block;
  readonly file: {
    /** As it was typed. */
    readonly path: string;
    readonly sha256: string;
  };
}

/** What the file exports. */
const EXPORT = "block";

const FUNCTIONS = ["stem", "kernelSize", "deploy", "squeezeExcite"] as const;

/** Places that between them have all shapes: one that keeps its input's, and one that halves an odd side. */
const TRIALS: readonly Pick<BlockPlace, "filters" | "stride" | "padding">[] = [
  { filters: 8, stride: 1, padding: "same" },
  { filters: 16, stride: 2, padding: "explicit" },
];

/** Height, width and channels of what a trial takes. */
const TRIAL_INPUT = [11, 12, 8] as const;

/**
 * The block that a file exports, from what was imported of it.
 *
 * @param module The file's exports.
 * @param path The file, for errors.
 * @throws {InputError} when the export is missing or no block, or when it fails a trial: it throws, changes the shape, or
 *   names its layers otherwise than below its place.
 */
export function ownBlock(module: Readonly<Record<string, unknown>>, path: string): Block {
  const fault = (what: string) =>
    new InputError(
      `Cannot use the block in ${path}: ${what}.`,
      `It must say: export const ${EXPORT} = defineBlock({ name, label, options, apply }). examples/my_block.ts is one.`,
    );
  const found = module[EXPORT] as Partial<Block> | undefined;
  if (typeof found !== "object" || found === null) {
    throw fault(`it exports no ${EXPORT}, but ${Object.keys(module).join(", ") || "nothing"}`);
  }
  const { name, label, options, apply } = found;
  if (typeof name !== "string" || !/^[a-z][\w.-]*$/i.test(name)) {
    throw fault(`its name is ${JSON.stringify(name)}, expected a plain word`);
  }
  if (name === "file" || BLOCKS.some((block) => block.name === name)) {
    throw fault(`its name is ${name}, which is that of another block`);
  }
  if (typeof label !== "string") throw fault(`its label is ${JSON.stringify(label)}, expected a text`);
  if (typeof apply !== "function") throw fault("its apply is no function");
  const wrong = FUNCTIONS.find((key) => found[key] !== undefined && typeof found[key] !== "function");
  if (wrong !== undefined) throw fault(`its ${wrong} is no function`);
  if (typeof options !== "object" || options === null) {
    throw fault("its options are no object of zod schemas");
  }
  for (const [key, schema] of Object.entries(options)) {
    if (typeof schema !== "object" || schema === null || !("_zod" in schema)) {
      throw fault(`its option ${key} is no zod schema`);
    }
  }
  const defaults = z.object(options).safeParse({});
  if (!defaults.success) {
    const keys = defaults.error.issues.map(({ path }) => path.join("."));
    throw fault(`its option ${keys.join(", ")} has no default`);
  }
  const block = watched(found as Block, path);
  for (const trial of TRIALS) tryBlock(block, trial, defaults.data, path);
  return block;
}

/** The block, with its errors and its shapes looked at. */
function watched(block: Block, path: string): Block {
  const watch = <X extends LayerValue>(
    run: Block["apply"],
    ...[net, x, place, options]: [LayerBuilder<X>, X, BlockPlace, Record<string, unknown>]
  ): X => {
    let y: X;
    try {
      y = run(net, x, place, options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError(`The block in ${path} fails at ${place.name}: ${reason}`);
    }
    const [batch = null, ...image] = x.shape;
    const expected = [
      batch,
      ...image.slice(0, 2).map((side) => Math.ceil(side! / place.stride)),
      place.filters,
    ];
    const shape = (y as X | undefined)?.shape;
    if (shape?.join() === expected.join()) return y;
    throw new InputError(
      `The block in ${path} gives ${shapeText(shape)} at ${place.name}, where ${
        shapeText(expected)
      } is expected: ` +
        `it takes ${shapeText(x.shape)} at stride ${place.stride}.`,
      "Give every branch place.filters channels, and place.stride to one convolution of each.",
    );
  };
  const { stem, deploy } = block;
  return {
    ...block,
    apply: (net, x, place, options) => watch(block.apply.bind(block), net, x, place, options),
    ...(stem && { stem: (net, x, place, options) => watch(stem.bind(block), net, x, place, options) }),
    ...(deploy && { deploy: (net, x, place, options) => watch(deploy.bind(block), net, x, place, options) }),
  };
}

function tryBlock(
  block: Block,
  trial: typeof TRIALS[number],
  options: Record<string, unknown>,
  path: string,
): void {
  const net = new GraphLayers();
  const input = net.input(TRIAL_INPUT);
  const place: BlockPlace = { ...trial, name: "stage1/block1", groups: 1, activation: "relu" };
  const output = block.apply(net, input, place, options);
  const names = net.finish("trial", "image", input, output).operations.map(({ name }) => name);
  const stray = names.find((name) => !name.startsWith(`${place.name}/`));
  const twin = names.find((name, i) => names.indexOf(name) < i);
  if (stray === undefined && twin === undefined) return;
  throw new InputError(
    `The block in ${path} names ${
      stray === undefined
        ? `two layers "${twin}"`
        : `a layer "${stray}", which is not below its place, ${place.name}`
    }.`,
    "Name each layer `${place.name}/…`; placedConvolution does so.",
  );
}

function shapeText(shape: LayerValue["shape"] | undefined): string {
  return shape === undefined ? "nothing" : `[${shape.map((length) => length ?? "N").join(", ")}]`;
}
