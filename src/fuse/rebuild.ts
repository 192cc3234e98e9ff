/**
 * Turns the chosen plans into layers: from the outputs backward, every value that must be made is made by its cheapest
 * plan, as one convolution that also carries the activation after it.
 *
 * @module
 */
import { changesNothing } from "./affine.ts";
import { convolutionConfig, RoundedWeights } from "./convolution_layer.ts";
import { convolutionClass, costPerPixel, executable } from "./executable.ts";
import type { Call, Layer } from "./graph.ts";
import { isConvolution, type Step } from "./layers.ts";
import type { NetworkWriter, Reference } from "./network_writer.ts";
import { isPaddedAs } from "./padding.ts";
import type { Plan } from "./plan.ts";
import type { Plans } from "./plans.ts";
import type { FusedRegion } from "./report.ts";
import type { Op, Value } from "./values.ts";

/** A region of the report before its weights are computed. */
interface MergedRegion {
  readonly region: Omit<FusedRegion, "roundingError">;
  readonly weights: RoundedWeights | undefined;
}

/** Writes values as calls of layers. */
export class Rebuilder {
  private readonly merged: MergedRegion[] = [];
  private readonly written = new Map<Value, Reference>();
  private readonly carried = new Set<Value>();
  private readonly kept = new Map<Call, Reference>();

  constructor(private readonly plans: Plans, private readonly writer: NetworkWriter) {}

  /** The regions that were merged, in the order in which they compute. Their rounding is known when the model is finished. */
  regions(): readonly FusedRegion[] {
    return this.merged.map(({ region, weights }) => ({
      ...region,
      roundingError: weights?.roundingError ?? 0,
    }));
  }

  /** Whether the fused network computes the value, alone or with its activation. */
  isComputed(value: Value): boolean {
    return this.written.has(value) || this.carried.has(value);
  }

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
    const own = this.layerSource(value);
    if (own !== undefined) return this.keep(call, [own]);
    if (op.step.kind === "activation") return this.activation(value, op, op.step.activation);
    const best = this.plans.best(value);
    if (best.kind === "plan") return this.region(value, best.plan);
    if (best.kind === "sum" && best.terms.some((term) => "plans" in term)) {
      const terms = best.terms.map((term) =>
        "value" in term
          ? this.write(term.value)
          : this.region(value, this.plans.cheapest(term.plans, value), { isTerm: true })
      );
      return this.writer.add(`${call.layer.name}/sum`, "Add", {}, terms);
    }
    return this.keep(call, op.inputs, value.index);
  }

  /** What the value's layer reads, where the cheapest way to the value is that layer as it is. */
  private layerSource(value: Value): Value | undefined {
    if (value.isInner) return undefined;
    const carried = value.op?.step.kind === "activation" ? value.op.inputs[0]! : undefined;
    if (carried?.isInner === false) return undefined;
    let current = carried ?? value;
    do {
      const { op } = current;
      const best = this.plans.best(current);
      if (best.kind !== "plan" || best.plan.ops.length !== 1 || best.plan.ops[0] !== op) return undefined;
      if (changesNothing(best.plan.map)) return undefined;
      current = best.plan.source;
    } while (current.isInner);
    return current;
  }

  private keep(call: Call, inputs: readonly Value[], index = 0): Reference {
    const reference = this.kept.get(call) ??
      this.writer.keep(
        call.layer,
        inputs.map((input) => this.write(input)),
        call.kwargs,
      );
    this.kept.set(call, reference);
    return { call: reference.call, index };
  }

  private activation(value: Value, op: Op, activation: string): Reference {
    const input = op.inputs[0]!;
    const best = this.plans.best(input);
    if (best.kind === "plan" && input.readers === 1 && !input.isOutput && carriesActivation(best.plan)) {
      this.carried.add(input);
      return this.region(value, best.plan, { activation: { name: activation, call: op.call } });
    }
    return this.keep(op.call, op.inputs);
  }

  /** One convolution for the plan, and its entry in the report. */
  private region(
    value: Value,
    plan: Plan,
    { activation, isTerm = false }: { activation?: { name: string; call: Call }; isTerm?: boolean } = {},
  ): Reference {
    const source = this.write(plan.source);
    const map = executable(plan.map);
    const [vertical, horizontal] = map.axes;
    const mode = (["valid", "same"] as const).find((mode) =>
      isPaddedAs(vertical, mode, plan.source.shape?.[1] ?? null) &&
      isPaddedAs(horizontal, mode, plan.source.shape?.[2] ?? null)
    );
    if (map.copies && mode !== undefined) return source;

    const calls = [...plan.ops.map((op) => op.call), ...(activation === undefined ? [] : [activation.call])];
    const merged = [...new Set(calls.map((call) => call.layer))];
    const name = `${regionName(merged)}/reparam`;
    let output = source;
    if (mode === undefined) {
      const padding = map.axes.map((axis) => [axis.before, Math.max(axis.after, 0)]);
      const config = { padding, data_format: "channels_last" };
      output = this.writer.add(map.copies ? name : `${name}_pad`, "ZeroPadding2D", config, [source]);
    }
    const weights = map.copies ? undefined : new RoundedWeights(map);
    if (weights !== undefined) {
      const config = convolutionConfig(map, mode ?? "valid", activation?.name ?? "linear");
      output = this.writer.add(name, convolutionClass(map), config, [output], weights);
    }
    const last = calls.at(-1)!;
    const region = {
      name: output.call.layer.name,
      layers: merged.map((layer) => layer.name),
      calls: [...new Set(calls)].map(({ layer, node }) => ({ layer: layer.name, node })),
      className: output.call.layer.className,
      kernelShape: [vertical.size, horizontal.size, map.inChannels / map.groups, map.outChannels],
      groups: map.groups,
      strides: [vertical.stride, horizontal.stride] as const,
      activation: activation?.name ?? "linear",
      borderWidth: Math.max(
        ...map.axes.map((axis) => Math.ceil(Math.max(axis.before, axis.after, 0) / axis.stride)),
      ),
      multiplyAccumulatesBefore: total(plan.ops.map((op) => work(op.call, op.step))),
      multiplyAccumulatesAfter: work(value.call, { kind: "affine", map }),
      training: isTerm || value.isInner ? null : { layer: last.layer.name, node: last.node },
      nested: last.layer.path.length > 0,
      fused: { layer: output.call.layer.name, node: 0 },
    };
    this.merged.push({ region, weights });
    return output;
  }
}

/** Whether the layer of a plan can take an activation over without becoming dearer. */
function carriesActivation({ map, ops }: Plan): boolean {
  if (map.copies) return false;
  return ops.length > 1 || (isConvolution(ops[0]!.call.layer.className) && executable(map) === map);
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

/** The folder that all layers share, or the first convolution's name when they share none. */
function regionName(layers: readonly Layer[]): string {
  const paths = layers.map((layer) => layer.name.split("/"));
  const [first] = paths as [string[]];
  const folders = paths.length === 1 ? first.length : Math.min(...paths.map((path) => path.length - 1));
  let shared = 0;
  while (shared < folders && paths.every((path) => path[shared] === first[shared])) shared++;
  if (shared > 0) return first.slice(0, shared).join("/");
  return (layers.find((layer) => isConvolution(layer.className)) ?? layers[0]!).name;
}
