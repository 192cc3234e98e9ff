/**
 * "FastViT: A Fast Hybrid Vision Transformer using Structural Reparameterization" (Vasu et al., ICCV 2023) off the names of
 * its weights in timm/models/fastvit.py, in training or deploy form; those without attention (T8, T12, S12):
 *
 *     MobileOne:   GELU(SE(Σ BN(kxk ∗ x) + BN(1x1 ∗ x) + BN(x))), the stem three of them
 *     downsample:  MobileOne(SE(BN(7x7dw/2 ∗ x) + BN(3x3dw/2 ∗ x)))
 *     block:       y = x + γ·(Σ BN(3x3dw ∗ x) + BN(1x1dw ∗ x) + BN(x) − BN'(x))
 *                  z = y + γ'·(1x1 ∗ GELU(1x1 ∗ BN(7x7dw ∗ y)))
 *     head:        MobileOne with SE, depthwise, then a dense layer
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { float32Values } from "../../formats/safetensors/float_values.ts";
import type { Graph } from "../../graph/graph.ts";
import type { NetworkForm } from "../architecture.ts";
import type { GraphValue } from "../graph_layers.ts";
import { channelsOf } from "../layer_builder.ts";
import { countModules, layer, ModuleReader, modulesOf } from "./module_reader.ts";
import type { TorchState } from "./read_weights.ts";

/** A FastViT. */
export interface FastVit {
  readonly dialect: "timm";
  readonly form: NetworkForm;
  /** Without its weights. */
  readonly graph: Graph;
  /** What of the state is not in the graph itself, as the scales of its layers are. */
  readonly state: TorchState;
}

/** A convolution of the paper; widths are the state's. */
interface Kind {
  readonly size: number;
  readonly stride: number;
  readonly isDepthwise: boolean;
}

const STEM: readonly Kind[] = [
  { size: 3, stride: 2, isDepthwise: false },
  { size: 3, stride: 2, isDepthwise: true },
  { size: 1, stride: 1, isDepthwise: false },
];
const LARGE: Kind = { size: 7, stride: 2, isDepthwise: true };
const SMALL: Kind = { ...LARGE, size: 3 };
const POINTWISE: Kind = { size: 1, stride: 1, isDepthwise: false };
const MIXER: Kind = { size: 3, stride: 1, isDepthwise: true };
const SPATIAL: Kind = { size: 7, stride: 1, isDepthwise: true };

const HEAD = "head.fc";

/**
 * The network, or nothing where the state is of another or has attention.
 *
 * @param imageSize Height and width.
 * @param source The file's name, for the message.
 * @throws {InputError} when it has no head.
 */
export function readFastVit(
  state: TorchState,
  imageSize: readonly [height: number, width: number],
  source: string,
): FastVit | undefined {
  const modules = modulesOf(state);
  const isFastVit = modules.has("stem.2") && modules.has("stages.0.blocks.0.token_mixer") &&
    modules.has("stages.0.blocks.0.mlp");
  const hasMore = [...modules].some((module) => /\.(token_mixer\.(qkv|proj)|pos_emb)$/.test(module));
  if (!isFastVit || hasMore) return undefined;
  if (!modules.has(HEAD)) {
    throw new InputError(
      `Cannot import ${source}: it is FastViT and its head is missing; there are blocks, and no ${HEAD}.`,
      "Save the state dict of the whole classifier; features alone give no classes.",
    );
  }
  const reader = new Reader(state);
  const channels = state.get("stem.0.conv_kxk.0.conv.weight") ?? state.get("stem.0.reparam_conv.weight");
  const input = reader.net.input([...imageSize, channels?.shape[1] ?? 3]);
  let x = input;
  for (const [i, kind] of STEM.entries()) x = reader.mobileOne(x, `stem.${i}`, kind);
  for (let stage = 0; stage < countModules(modules, "stages."); stage++) {
    const path = `stages.${stage}`;
    if (modules.has(`${path}.downsample`)) x = reader.downsample(x, `${path}.downsample.proj`);
    for (let i = 0; i < countModules(modules, `${path}.blocks.`); i++) {
      x = reader.block(x, `${path}.blocks.${i}`);
    }
  }
  x = reader.mobileOne(x, "final_conv", MIXER);
  const logits = reader.head(reader.net.globalAveragePool(x, "head/pool"));
  const form = [...modules].some((module) => module.endsWith(".reparam_conv")) ? "deploy" : "training";
  return {
    dialect: "timm",
    form,
    graph: reader.net.finish("fastvit", "image", input, logits),
    state: reader.rest(),
  };
}

/** FastViT's parts. */
class Reader extends ModuleReader {
  readonly #taken = new Set<string>();

  /** The state without the scales of layers, which stand in the graph. */
  rest(): TorchState {
    return new Map([...this.state].filter(([name]) => !this.#taken.has(name)));
  }

  mobileOne(x: GraphValue, module: string, kind: Kind): GraphValue {
    return this.gelu(this.gate(this.branches(x, module, kind), `${module}.se`), module);
  }

  downsample(x: GraphValue, module: string): GraphValue {
    const [large, narrow] = [`${module}.0`, `${module}.1`];
    const sum = this.#fused(x, large, LARGE) ??
      this.#sum([
        this.#convBn(x, `${large}.large_conv`, LARGE),
        ...this.#has(`${large}.small_conv.conv`) ? [this.#convBn(x, `${large}.small_conv`, SMALL)] : [],
      ], large);
    return this.mobileOne(this.gate(sum, `${large}.se`), narrow, POINTWISE);
  }

  block(x: GraphValue, module: string): GraphValue {
    const y = this.#mixer(x, `${module}.token_mixer`);
    const mlp = `${module}.mlp`;
    const wide = this.#conv(this.#convBn(y, `${mlp}.conv`, SPATIAL), `${mlp}.fc1`, POINTWISE, true);
    const inner = this.#conv(this.gelu(wide, mlp), `${mlp}.fc2`, POINTWISE, true);
    return this.net.add([y, this.#layerScale(inner, `${module}.layer_scale`)], `${layer(mlp)}/residual`);
  }

  head(x: GraphValue): GraphValue {
    return this.net.dense(x, { name: layer(HEAD), units: this.width(`${HEAD}.bias`), activation: "linear" });
  }

  /** Σ BN(kxk ∗ x) + BN(1x1 ∗ x) + BN(x), of which not all need be there, or the one convolution that stands for them. */
  branches(x: GraphValue, module: string, kind: Kind): GraphValue {
    const fused = this.#fused(x, module, kind);
    if (fused !== undefined) return fused;
    const count = [0, 1, 2, 3].filter((i) => this.#has(`${module}.conv_kxk.${i}.conv`)).length;
    const branches = Array.from(
      { length: Math.max(1, count) },
      (_, i) => this.#convBn(x, `${module}.conv_kxk.${i}`, kind),
    );
    if (this.#has(`${module}.conv_scale.conv`)) {
      branches.push(this.#convBn(x, `${module}.conv_scale`, { ...kind, size: 1 }));
    }
    if (this.#has(`${module}.identity`)) branches.push(this.#normalized(x, `${module}.identity`));
    return this.#sum(branches, module);
  }

  #mixer(x: GraphValue, module: string): GraphValue {
    const fused = this.#fused(x, module, MIXER);
    if (fused !== undefined) return fused;
    const taken = this.net.scale(
      this.#normalized(x, `${module}.norm.identity`),
      `${layer(module)}/norm/minus`,
      [-1],
    );
    const mixed = this.#sum([this.branches(x, `${module}.mixer`, MIXER), taken], module);
    return this.net.add([x, this.#layerScale(mixed, `${module}.layer_scale`)], `${layer(module)}/residual`);
  }

  /** γ·x. One that does not fit is left in the state, and said to be surplus. */
  #layerScale(x: GraphValue, module: string): GraphValue {
    const name = `${module}.gamma`;
    const tensor = this.state.get(name);
    if (tensor === undefined || `${tensor.shape}` !== `${[channelsOf(x), 1, 1]}`) return x;
    const factors = [...float32Values(tensor, name)];
    if (!factors.every(Number.isFinite)) return x;
    this.#taken.add(name);
    return this.net.scale(x, layer(module), factors);
  }

  #fused(x: GraphValue, module: string, kind: Kind): GraphValue | undefined {
    const conv = `${module}.reparam_conv`;
    return this.#has(conv) ? this.#conv(x, conv, kind, true) : undefined;
  }

  #convBn(x: GraphValue, module: string, kind: Kind): GraphValue {
    return this.#normalized(
      this.#conv(x, `${module}.conv`, kind, false, `${module}.bn.bias`),
      `${module}.bn`,
    );
  }

  /** @param vector What says how many channels it gives. */
  #conv(
    x: GraphValue,
    module: string,
    { size, stride, isDepthwise }: Kind,
    useBias: boolean,
    vector = `${module}.bias`,
  ): GraphValue {
    const groups = isDepthwise ? channelsOf(x) : 1;
    return this.net.convolution(x, {
      name: layer(module),
      filters: groups * Math.ceil(this.width(vector) / groups),
      kernel: [size, size],
      stride,
      groups,
      padding: "explicit",
      useBias,
    });
  }

  #normalized(x: GraphValue, module: string): GraphValue {
    return this.net.batchNorm(x, layer(module));
  }

  #sum(values: readonly GraphValue[], module: string): GraphValue {
    return values.length === 1 ? values[0]! : this.net.add(values, `${layer(module)}/add`);
  }

  #has(module: string): boolean {
    return this.state.has(`${module}.weight`);
  }
}
