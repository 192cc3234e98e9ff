/**
 * The JSON topology of a functional LayersModel under construction: calls of layers, their nodes and their names.
 *
 * @module
 */
import type { Json } from "./layer_config.ts";
import type { Layer } from "./layer_calls.ts";

/** One output of one call in the network that is being written. */
export interface Reference {
  readonly call: WrittenCall;
  readonly index: number;
}

/** A call that is being written. */
export interface WrittenCall {
  readonly layer: WrittenLayer;
  readonly inputs: readonly Reference[];
  readonly kwargs: Json;
  /** Which node of its layer it becomes; known when the model is finished. */
  node: number;
}

/** A layer that is being written. */
export interface WrittenLayer {
  readonly name: string;
  readonly className: string;
  readonly config: Json;
  readonly calls: WrittenCall[];
}

/** A model under construction. */
export class LayerWriter {
  private readonly layers = new Map<string, WrittenLayer>();
  private readonly reserved: Set<string>;

  /** @param reserved Names that no new layer may take. */
  constructor(reserved: Iterable<string>) {
    this.reserved = new Set(reserved);
  }

  /** Calls a layer that stays as it is. */
  keep(layer: Layer, inputs: readonly Reference[], kwargs: Json): Reference {
    const known = this.layers.get(layer.name) ??
      { name: layer.name, className: layer.className, config: layer.config, calls: [] };
    this.layers.set(layer.name, known);
    return this.call(known, inputs, kwargs);
  }

  /**
   * Calls a new layer.
   *
   * @param wanted The name; a number is appended when it is taken.
   */
  add(wanted: string, className: string, config: Json, inputs: readonly Reference[]): Reference {
    const valid = validName(wanted);
    let name = valid;
    for (let i = 1; this.reserved.has(name); i++) name = `${valid}_${i}`;
    this.reserved.add(name);
    const layer: WrittenLayer = {
      name,
      className,
      config: { name, trainable: true, ...config },
      calls: [],
    };
    this.layers.set(name, layer);
    return this.call(layer, inputs, {});
  }

  /** The topology of the finished model, its inputs and outputs in order. */
  finish(name: string, inputs: readonly Reference[], outputs: readonly Reference[]): object {
    const distinctOutputs = this.distinct("output", outputs);
    this.numberCalls();
    const layers = [...this.layers.values()].map((layer) => ({
      name: layer.name,
      class_name: layer.className,
      config: layer.config,
      inbound_nodes: [...layer.calls].filter((call) => call.inputs.length > 0)
        .sort((a, b) => a.node - b.node)
        .map((call) => call.inputs.map((input) => [...toJson(input), call.kwargs])),
    }));
    return {
      class_name: "Model",
      config: { name, layers, input_layers: inputs.map(toJson), output_layers: distinctOutputs.map(toJson) },
      keras_version: "tfjs-layers 4.22.0",
      backend: "tensor_flow.js",
    };
  }

  private call(layer: WrittenLayer, inputs: readonly Reference[], kwargs: Json): Reference {
    const call: WrittenCall = { layer, inputs: this.distinct(layer.name, inputs), kwargs, node: -1 };
    layer.calls.push(call);
    return { call, index: 0 };
  }

  /**
   * The references with a copy in place of every repeated one. TensorFlow.js frees a tensor too early when one layer reads
   * it twice, and gives nothing for the second of two equal outputs.
   */
  private distinct(name: string, references: readonly Reference[]): readonly Reference[] {
    return references.map((reference, i) => {
      const first = references.findIndex(({ call, index }) =>
        call === reference.call && index === reference.index
      );
      return first === i
        ? reference
        : this.add(`${name}/copy`, "Activation", { activation: "linear" }, [reference]);
    });
  }

  /** Numbers the calls of each layer in the order in which `LayersModel.fromConfig` makes them. */
  private numberCalls(): void {
    const done = new Set<WrittenCall>();
    for (let before = -1; before < done.size;) {
      before = done.size;
      for (const layer of this.layers.values()) {
        let node = layer.calls.filter((call) => done.has(call)).length;
        for (const call of layer.calls) {
          if (done.has(call) || !call.inputs.every((input) => done.has(input.call))) continue;
          call.node = node++;
          done.add(call);
        }
      }
    }
  }
}

/** A name that TensorFlow.js takes for a tensor: other formats begin names with a slash, or put colons into them. */
function validName(name: string): string {
  return name.replaceAll(/[^\w./-]/g, "_").replace(/^[^A-Za-z0-9.]+/, "") || "layer";
}

function toJson({ call, index }: Reference): [string, number, number] {
  return [call.layer.name, call.node, index];
}
