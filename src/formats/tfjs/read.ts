/**
 * A LayersModel, written by TensorFlow.js or by Keras, as a {@link Graph}. What a layer means is said in `meaning.ts`.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Graph, GraphInput, Operation, Origin, ValueId, ValueInfo } from "../../graph/graph.ts";
import type { Call, Layer, Tensor } from "./layer_calls.ts";
import { meaningIn } from "./meaning.ts";
import type { Json } from "./layer_config.ts";
import { plainArtifacts } from "./plain_artifacts.ts";
import { readCalls } from "./topology.ts";
import { checkOwners } from "./weight_names.ts";
import { readWeights } from "./weights.ts";

/** The original of an {@link Origin} that was read from a LayersModel. */
export interface OriginalCall {
  readonly layer: Layer;
  /** Keyword arguments of the call. */
  readonly kwargs: Json;
}

/** What a LayersModel says beside the network. */
export type OriginalModel = Pick<io.ModelArtifacts, "generatedBy" | "convertedBy" | "userDefinedMetadata">;

/**
 * The graph of a model. Nothing is computed, and no weight is read.
 *
 * @param given What a `tf.io` handler loads: float32 weights, or quantized ones.
 * @throws {InputError} when it is not a LayersModel, its topology contradicts itself, or a weight is missing or of a shape
 *   that its layer cannot have.
 */
export function readLayersModel(given: io.ModelArtifacts): Graph {
  const artifacts = plainArtifacts(given);
  const weights = readWeights(artifacts);
  const { name, calls, inputs, outputs } = readCalls(artifacts, meaningIn(weights));
  checkOwners(weights.keys(), new Set(calls.map(({ layer }) => layer.name)));
  const values: ValueInfo[] = [];
  const ids = new Map<string, ValueId>();
  const add = ({ shape, dtype }: ValueInfo) => values.push({ shape, dtype }) - 1;

  /** The value of a tensor. Second outputs are met when somebody reads them. */
  const valueOf = ({ call, index, shape, dtype }: Tensor): ValueId => {
    const key = `${call.layer.name} ${call.node} ${index}`;
    const known = ids.get(key);
    if (known !== undefined) return known;
    const value = add({ shape, dtype });
    ids.set(key, value);
    return value;
  };
  const graphInputs = inputs.map((tensor): GraphInput => ({
    name: tensor.call.layer.name,
    value: valueOf(tensor),
    origin: originOf(tensor.call),
  }));
  const operations: Operation[] = [];
  for (const call of calls.filter(({ parts }) => parts.length > 0)) {
    const origin = originOf(call);
    let inputs = call.inputs.map(valueOf);
    call.parts.forEach(({ shape, ...part }, i) => {
      const isLast = i === call.parts.length - 1;
      const output = isLast
        ? valueOf({ call, index: 0, shape, dtype: "float32" })
        : add({ shape, dtype: "float32" });
      const suffix = isLast ? "" : `/${part.op}`;
      const numbered = call.node === 0 ? call.layer.name : `${call.layer.name}:${call.node}`;
      operations.push({ ...part, name: numbered + suffix, inputs, outputs: [output], origin } as Operation);
      inputs = [output];
    });
  }
  const results = outputs.map(valueOf);
  const { generatedBy, convertedBy, userDefinedMetadata } = artifacts;
  const original: OriginalModel = {
    ...(generatedBy == null ? {} : { generatedBy }),
    ...(convertedBy == null ? {} : { convertedBy }),
    ...(userDefinedMetadata === undefined ? {} : { userDefinedMetadata }),
  };
  return {
    name,
    values,
    inputs: graphInputs,
    outputs: results,
    operations: withAllOutputs(operations, calls, ids),
    weights,
    ...labelsIn(userDefinedMetadata),
    original,
  };
}

/** The names of classes that people keep beside a model, as Teachable Machine does. */
function labelsIn(metadata: OriginalModel["userDefinedMetadata"]): Pick<Graph, "labels"> {
  const labels: unknown = metadata?.labels;
  return Array.isArray(labels) && labels.every((label) => typeof label === "string") ? { labels } : {};
}

/** Gives opaque operations the further outputs that somebody reads. */
function withAllOutputs(
  operations: readonly Operation[],
  calls: readonly Call[],
  ids: ReadonlyMap<string, ValueId>,
): Operation[] {
  const outputsOf = new Map(calls.map(({ layer, node }) => {
    const further: ValueId[] = [];
    for (let index = 1, id; (id = ids.get(`${layer.name} ${node} ${index}`)) !== undefined; index++) {
      further.push(id);
    }
    return [`${layer.name} ${node}`, further];
  }));
  return operations.map((operation) => {
    const further = operation.origin && outputsOf.get(`${operation.origin.name} ${operation.origin.call}`);
    return further === undefined || further.length === 0
      ? operation
      : { ...operation, outputs: [...operation.outputs, ...further] };
  });
}

function originOf({ layer, node, kwargs }: Call): Origin {
  const original: OriginalCall = { layer, kwargs };
  return { name: layer.name, kind: layer.className, call: node, isNested: layer.path.length > 0, original };
}
