/**
 * PyTorch weights as those of a network, strictly: every tensor of the network must be there, in its shape, and nothing
 * else.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { type Graph, sizeOf } from "../../graph/graph.ts";
import type { Weight, Weights } from "../../graph/weights.ts";
import type { RawTensor } from "../../formats/safetensors/write.ts";
import { nearestName } from "../../text/nearest_name.ts";
import { float32Values } from "../../formats/safetensors/float_values.ts";
import type { ModuleOfLayer } from "./modules.ts";
import { type TorchTensor, torchTensors } from "./tensors.ts";

/** A PyTorch state dict: tensors by name. */
export type TorchState = ReadonlyMap<string, RawTensor>;

/** Of weights. What else is there (BatchNorm's `num_batches_tracked`, quantized tables of other parts) takes no part. */
const FLOAT_DTYPES: ReadonlySet<string> = new Set(["F32", "F64", "F16", "BF16"]);

/**
 * The weights of the network, by its own names. What they hold is read from the state when it is asked for, and not kept.
 *
 * @param graph As `networkGraph` made it.
 * @param moduleOf From `networkModules`: whose names the state uses.
 * @param state From `readSafetensors` or `readTorchCheckpoint`; surplus integers are passed over.
 * @param source The file's name, for the message.
 * @throws {InputError} that lists every missing, surplus, misshapen and non-float tensor, and every one with NaN, an
 *   infinity or a negative variance.
 */
export function torchWeights(
  graph: Graph,
  moduleOf: ModuleOfLayer,
  state: TorchState,
  source = "the state",
): Weights {
  const expected = torchTensors(graph, moduleOf);
  const findings = compareState(expected, state);
  if (findings.length > 0) {
    throw new InputError(
      `Cannot load ${source} into a network of ${expected.length} tensors:\n` +
        findings.map((finding) => `  - ${finding}`).join("\n"),
      "Check that the file is whole, and the configuration that of the trained network: block, depths, widths, groups, classes.",
    );
  }
  return new Map(expected.map(({ name, ref, fromTorch }): [string, Weight] => [ref.name, {
    shape: ref.shape,
    storage: "float32",
    byteLength: Float32Array.BYTES_PER_ELEMENT * sizeOf(ref.shape),
    read: (memory) => fromTorch(float32Values(state.get(name)!, name), memory),
  }]));
}

/** What is wrong with the state, one sentence each; empty when nothing is. */
function compareState(expected: readonly TorchTensor[], state: TorchState): string[] {
  const names = new Set(expected.map((tensor) => tensor.name));
  const surplus = [...state].filter(([name, { dtype }]) => !names.has(name) && FLOAT_DTYPES.has(dtype))
    .map(([name]) => name);
  return [
    ...expected.flatMap((tensor) => compareTensor(tensor, state.get(tensor.name), surplus)),
    ...surplus.map((name) =>
      `${name} [${state.get(name)!.shape}] is surplus: the network has no such tensor`
    ),
  ];
}

function compareTensor(
  { name, shape }: TorchTensor,
  found: RawTensor | undefined,
  surplus: string[],
): string[] {
  if (found === undefined) {
    const nearest = nearestName(name, surplus);
    return [`${name} [${shape}] is missing${nearest === undefined ? "" : ` (is it ${nearest}?)`}`];
  }
  if (found.shape.length !== shape.length || found.shape.some((size, axis) => size !== shape[axis])) {
    return [`${name} has shape [${found.shape}], expected [${shape}]`];
  }
  if (!FLOAT_DTYPES.has(found.dtype)) return [`${name} has dtype ${found.dtype}, expected a float`];
  return checkValues(name, float32Values(found, name));
}

/** How far below zero rounding takes a variance. With what BatchNorm adds to it, 1e-5, it is above zero then. */
const VARIANCE_ROUNDING = 1e-6;

const VARIANCE = /\.running_var$/;

/** A training that diverged, or a damaged file: such numbers would be everywhere in the results. */
function checkValues(name: string, values: Float32Array): string[] {
  const least = VARIANCE.test(name) ? -VARIANCE_ROUNDING : -Infinity;
  const index = firstUnfit(values, least);
  if (index < 0) return [];
  return [
    `${name} holds ${values[index]} at ${index}, expected ${
      least === -Infinity ? "a finite" : "a positive"
    } number`,
  ];
}

/** The first that is not finite or not above the least; -1 when there is none. */
function firstUnfit(values: Float32Array, least: number): number {
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]!) < Infinity && values[i]! >= least)) return i;
  }
  return -1;
}
