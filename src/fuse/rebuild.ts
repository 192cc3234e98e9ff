/**
 * Turns the chosen plans into layers: from the outputs backward, every value that must be made is made by its cheapest
 * plan, as one convolution that also carries the activation after it.
 *
 * @module
 */
import type { Affine } from "./affine.ts";
import type { Json } from "./config.ts";
import { convolutionClass, costPerPixel, executable } from "./executable.ts";
import type { Call } from "./graph.ts";
import { isConvolution, type Step } from "./layers.ts";
import type { NetworkWriter, NewWeight, Reference } from "./network_writer.ts";
import { isPaddedAs, type PaddingMode } from "./padding.ts";
import type { Plan, Plans } from "./plans.ts";
import type { FusedRegion } from "./report.ts";
import type { Op, Value } from "./values.ts";

/** Writes values as calls of layers. */
export class Rebuilder {
  /** The regions that were merged so far. */
  readonly regions: FusedRegion[] = [];
  /** The values that were written, in order. */
  readonly written = new Map<Value, Reference>();
  private readonly kept = new Map<Call, Reference>();

  constructor(private readonly plans: Plans, private readonly writer: NetworkWriter) {}

  /** The reference to a value, written now if it was not yet. */
  write(value: Value): Reference {
    const known = this.written.get(value);
    if (known !== undefined) return known;
    const reference = this.make(value);
    this.written.set(value, reference);
    return reference;
  }

  private make(value: Value): Reference {
    const { op, call } = value;
    if (op === undefined) return this.keep(call, []);
    if (op.step.kind === "activation") return this.activation(value, op, op.step.activation);
    const best = this.plans.best(value);
    if (best.kind === "plan") return this.plan(value, best.plan);
    if (best.kind === "sum" && best.terms.some((term) => "plans" in term)) {
      const terms = best.terms.map((term) =>
        "value" in term ? this.write(term.value) : this.plan(value, this.plans.cheapest(term.plans, value))
      );
      return this.writer.add(`${call.layer.name}/sum`, "Add", {}, this.distinct(call, terms), []);
    }
    return this.keep(call, op.inputs, value.index);
  }

  private keep(call: Call, inputs: readonly Value[], index = 0): Reference {
    const reference = this.kept.get(call) ??
      this.writer.keep(
        call.layer,
        this.distinct(call, inputs.map((input) => this.write(input))),
        call.kwargs,
      );
    this.kept.set(call, reference);
    return { call: reference.call, index };
  }

  /**
   * The references with a copy in place of every repeated one: `LayersModel.predict` frees a tensor too early when one
   * layer reads it twice.
   */
  private distinct(call: Call, references: readonly Reference[]): Reference[] {
    const isSame = (a: Reference) => (b: Reference) => a.call === b.call && a.index === b.index;
    return references.map((reference, i) =>
      references.findIndex(isSame(reference)) === i
        ? reference
        : this.writer.add(`${call.layer.name}/copy`, "Activation", { activation: "linear" }, [reference], [])
    );
  }

  private activation(value: Value, op: Op, activation: string): Reference {
    const input = op.inputs[0]!;
    const best = this.plans.best(input);
    if (best.kind === "plan" && input.readers === 1 && !input.isOutput) {
      const original = originalOf(best.plan);
      if (original?.call === op.call) return this.keep(op.call, [best.plan.source]);
      if (carriesActivation(best.plan, original)) return this.region(value, best.plan, activation, op.call);
    }
    return this.keep(op.call, op.inputs);
  }

  /** A value by one of its plans, without an activation. */
  private plan(value: Value, plan: Plan): Reference {
    if (originalOf(plan) === value.op && value.op !== undefined) return this.keep(value.call, [plan.source]);
    return this.region(value, plan, "linear", undefined);
  }

  /** One convolution for the plan, and its entry in the report. */
  private region(value: Value, plan: Plan, activation: string, activationCall: Call | undefined): Reference {
    const source = this.write(plan.source);
    const map = executable(plan.map);
    const sizes = [plan.source.shape?.[1] ?? null, plan.source.shape?.[2] ?? null] as const;
    const [vertical, horizontal] = map.axes;
    const calls = [
      ...plan.ops.map((op) => op.call),
      ...(activationCall === undefined ? [] : [activationCall]),
    ];
    const layers = [...new Set(calls.map((call) => call.layer.name))];
    const name = `${regionName(layers)}/reparam`;
    const mode = (["valid", "same"] as const).find((mode) =>
      isPaddedAs(vertical, mode, sizes[0]) && isPaddedAs(horizontal, mode, sizes[1])
    );
    if (map.copies && mode !== undefined) return source;
    let input = source;
    if (mode === undefined) {
      const padding = map.axes.map((axis) => [axis.before, Math.max(axis.after, 0)]);
      const padName = map.copies ? name : `${name}_pad`;
      input = this.writer.add(
        padName,
        "ZeroPadding2D",
        { padding, data_format: "channels_last" },
        [source],
        [],
      );
    }
    const rounded = map.copies ? { weights: [], error: 0 } : toFloat32(map);
    const className = map.copies ? "ZeroPadding2D" : convolutionClass(map);
    const strides = [vertical.stride, horizontal.stride] as const;
    const output = map.copies ? input : this.writer.add(
      name,
      className,
      convolutionConfig(map, mode ?? "valid", activation),
      [input],
      rounded.weights,
    );
    const last = calls.at(-1)!;
    this.regions.push({
      name: output.call.layer.name,
      layers,
      className,
      kernelShape: [vertical.size, horizontal.size, map.inChannels / map.groups, map.outChannels],
      groups: map.groups,
      strides,
      activation,
      roundingError: rounded.error,
      multiplyAccumulatesBefore: total(plan.ops.map((op) => work(op.call, op.step))),
      multiplyAccumulatesAfter: work(value.call, { kind: "affine", map }),
      borderWidth: Math.max(
        ...map.axes.map((axis) => Math.ceil(Math.max(axis.before, axis.after, 0) / axis.stride)),
      ),
      training: { layer: last.layer.name, node: last.node },
      nested: last.layer.path.length > 0,
      fused: { layer: output.call.layer.name, node: 0 },
    });
    return output;
  }
}

/** Whether the layer of a plan can take the activation over without becoming dearer. */
function carriesActivation({ map }: Plan, original: Op | undefined): boolean {
  if (map.copies) return false;
  return original === undefined || (isConvolution(original.call.layer.className) && executable(map) === map);
}

/** Multiply-accumulates of a step for one image; `null` where the size is not fixed. */
function work({ shape }: Call, step: Step): number | null {
  if (step.kind !== "affine") return 0;
  const [height, width] = [shape?.[1] ?? null, shape?.[2] ?? null];
  return height === null || width === null ? null : costPerPixel(step.map) * height * width;
}

function total(values: readonly (number | null)[]): number | null {
  return values.reduce((a, b) => a === null || b === null ? null : a + b, 0);
}

/** The configuration of the layer that runs a map. */
function convolutionConfig(map: Affine, padding: PaddingMode, activation: string): Json {
  const [vertical, horizontal] = map.axes;
  const className = convolutionClass(map);
  return {
    ...(className === "DepthwiseConv2D"
      ? { depth_multiplier: map.outChannels / map.inChannels }
      : { filters: map.outChannels }),
    ...(className === "GroupedConv2D" ? { groups: map.groups } : {}),
    kernel_size: [vertical.size, horizontal.size],
    strides: [vertical.stride, horizontal.stride],
    padding,
    data_format: "channels_last",
    dilation_rate: [vertical.dilation, horizontal.dilation],
    activation,
    use_bias: map.hasBias,
  };
}

/** The one step that a plan consists of, if it merges nothing. */
function originalOf(plan: Plan): Op | undefined {
  return plan.ops.length === 1 && plan.ops[0]!.step.kind === "affine" ? plan.ops[0] : undefined;
}

/** The kernel and bias of a map in float32, and how far rounding took them, relative to the largest weight. */
function toFloat32(map: Affine): { weights: NewWeight[]; error: number } {
  const { kernel, bias } = map.weights();
  const depthwise = convolutionClass(map) === "DepthwiseConv2D";
  const [height, width] = map.axes.map((axis) => axis.size) as [number, number];
  const rows = map.inChannels / map.groups;
  const weights: NewWeight[] = [{
    name: depthwise ? "depthwise_kernel" : "kernel",
    shape: depthwise
      ? [height, width, map.inChannels, map.outChannels / map.inChannels]
      : [height, width, rows, map.outChannels],
    values: Float32Array.from(kernel),
  }];
  if (map.hasBias) weights.push({ name: "bias", shape: [map.outChannels], values: Float32Array.from(bias) });
  return { weights, error: Math.max(roundingError(kernel), roundingError(bias)) };
}

/** max |w − float32(w)| / max |w| */
function roundingError(values: Float64Array): number {
  let largest = 0;
  let error = 0;
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
    error = Math.max(error, Math.abs(value - Math.fround(value)));
  }
  return largest === 0 ? 0 : error / largest;
}

/** The folder that all names share, or the first name when they share none. */
function regionName(names: readonly string[]): string {
  const parts = names.map((name) => name.split("/"));
  const first = parts[0]!;
  const folders = parts.length === 1 ? first.length : Math.min(...parts.map((path) => path.length - 1));
  let shared = 0;
  while (shared < folders && parts.every((path) => path[shared] === first[shared])) shared++;
  return shared === 0 ? names[0]! : first.slice(0, shared).join("/");
}
