/**
 * "RepViT: Revisiting Mobile CNN From ViT Perspective" (Wang et al., CVPR 2024) off the names of its weights, those of the
 * reference code (github.com/THU-MIG/RepViT) and those of timm/models/repvit.py, in training or deploy form:
 *
 *     block:       y = SE(BN(BN(3x3dw ∗ x) + 1x1dw ∗ x + x)),      z = y + BN(1x1 ∗ GELU(BN(1x1 ∗ y)))
 *     downsample:  y = BN(1x1 ∗ SE(BN(3x3dw/2 ∗ x))),               z likewise
 *     head:        BN, then a dense layer; the mean of two where it was distilled
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import type { GraphValue } from "../graph_layers.ts";
import { channelsOf } from "../layer_builder.ts";
import type { NetworkForm } from "../architecture.ts";
import { countModules, layer, ModuleReader, modulesOf } from "./module_reader.ts";
import type { TorchDialect } from "./modules.ts";
import type { TorchState } from "./read_weights.ts";

/** A RepViT. */
export interface RepVit {
  readonly dialect: TorchDialect;
  readonly form: NetworkForm;
  /** Without its weights. */
  readonly graph: Graph;
}

/** Modules of one stretch of the network. */
type Part =
  | { readonly mixer: string; readonly gate: string; readonly mlp: Mlp }
  | { readonly spatial: string; readonly gate?: string; readonly channel: string; readonly mlp: Mlp };

type Mlp = readonly [widen: string, narrow: string];

/** What the two programs call the parts. */
interface Layout {
  readonly dialect: TorchDialect;
  readonly stem: Mlp;
  readonly parts: readonly Part[];
  /** The second is there where the network was distilled. */
  readonly heads: readonly string[];
}

/** A convolution of the paper; widths are the state's. */
interface Kind {
  readonly size: number;
  readonly stride: number;
  readonly isDepthwise: boolean;
}

const STEM: Kind = { size: 3, stride: 2, isDepthwise: false };
const SPATIAL: Kind = { size: 3, stride: 2, isDepthwise: true };
const MIXER: Kind = { size: 3, stride: 1, isDepthwise: true };
const CENTRE: Kind = { size: 1, stride: 1, isDepthwise: true };
const POINTWISE: Kind = { size: 1, stride: 1, isDepthwise: false };

/**
 * The network, or nothing where the state is of another.
 *
 * @param imageSize Height and width.
 * @param source The file's name, for the message.
 * @throws {InputError} when it has no head.
 */
export function readRepVit(
  state: TorchState,
  imageSize: readonly [height: number, width: number],
  source: string,
): RepVit | undefined {
  const modules = modulesOf(state);
  const layout = layoutOf(modules);
  if (layout === undefined) return undefined;
  const heads = layout.heads.filter((head) => modules.has(head));
  if (heads.length === 0) {
    throw new InputError(
      `Cannot import ${source}: it is RepViT and its head is missing; there are blocks, and no ${
        layout.heads[0]
      }.`,
      "Save the state dict of the whole classifier; features alone give no classes.",
    );
  }
  const reader = new Reader(state);
  const channels = state.get(`${layout.stem[0]}.c.weight`) ?? state.get(`${layout.stem[0]}.weight`);
  const input = reader.net.input([...imageSize, channels?.shape[1] ?? 3]);
  const [first, second] = layout.stem;
  let x = reader.unit(reader.gelu(reader.unit(input, first, STEM), first), second, STEM);
  for (const part of layout.parts) x = reader.part(x, part);
  const pooled = reader.net.globalAveragePool(x, "head/pool");
  const logits = heads.map((head) => reader.head(pooled, head));
  const output = logits.length === 1 ? logits[0]! : reader.net.average(logits, "head/average");
  const form = [...state.keys()].some((name) => name.endsWith(".running_var")) ? "training" : "deploy";
  return { dialect: layout.dialect, form, graph: reader.net.finish("repvit", "image", input, output) };
}

function layoutOf(modules: ReadonlySet<string>): Layout | undefined {
  const count = (before: string) => countModules(modules, before);
  if (modules.has("features.1.channel_mixer")) {
    const parts = Array.from({ length: count("features.") - 1 }, (_, i): Part => {
      const block = `features.${i + 1}`;
      const [mixer, gate, channel] = [
        `${block}.token_mixer.0`,
        `${block}.token_mixer.1`,
        `${block}.token_mixer.2`,
      ];
      const mlp: Mlp = [`${block}.channel_mixer.m.0`, `${block}.channel_mixer.m.2`];
      return modules.has(channel) ? { spatial: mixer, gate, channel, mlp } : { mixer, gate, mlp };
    });
    const heads = ["classifier.classifier", "classifier.classifier_dist"];
    return { dialect: "reference", stem: ["features.0.0", "features.0.2"], parts, heads };
  }
  if (!modules.has("stages.0.blocks.0.channel_mixer")) return undefined;
  const block = (path: string): Part => ({
    mixer: `${path}.token_mixer`,
    gate: `${path}.se`,
    mlp: pair(`${path}.channel_mixer`),
  });
  const parts = Array.from({ length: count("stages.") }, (_, i): Part[] => {
    const down = `stages.${i}.downsample`;
    const before: Part[] = modules.has(down)
      ? [block(`${down}.pre_block`), {
        spatial: `${down}.spatial_downsample`,
        channel: `${down}.channel_downsample`,
        mlp: pair(`${down}.ffn`),
      }]
      : [];
    const blocks = Array.from(
      { length: count(`stages.${i}.blocks.`) },
      (_, j) => block(`stages.${i}.blocks.${j}`),
    );
    return [...before, ...blocks];
  }).flat();
  return { dialect: "timm", stem: pair("stem"), parts, heads: ["head.head", "head.head_dist"] };
}

function pair(path: string): Mlp {
  return [`${path}.conv1`, `${path}.conv2`];
}

/** RepViT's parts. */
class Reader extends ModuleReader {
  part(x: GraphValue, part: Part): GraphValue {
    const mixed = "mixer" in part
      ? this.gate(this.mixer(x, part.mixer), part.gate)
      : this.unit(this.gate(this.unit(x, part.spatial, SPATIAL), part.gate), part.channel, POINTWISE);
    const [widen, narrow] = part.mlp;
    const inner = this.unit(this.gelu(this.unit(mixed, widen, POINTWISE), widen), narrow, POINTWISE);
    return this.net.add([mixed, inner], `${layer(narrow)}/residual`);
  }

  /** BN(BN(3x3 ∗ x) + 1x1 ∗ x + x), depthwise; the older form has a BatchNorm behind the 1x1 and none behind the sum. */
  mixer(x: GraphValue, module: string): GraphValue {
    if (!this.#has(`${module}.conv`)) return this.unit(x, module, MIXER);
    const sum = this.net.add(
      [this.unit(x, `${module}.conv`, MIXER), this.unit(x, `${module}.conv1`, CENTRE), x],
      `${layer(module)}/add`,
    );
    return this.#has(`${module}.bn`) ? this.net.batchNorm(sum, `${layer(module)}/bn`) : sum;
  }

  /** A convolution and its BatchNorm, or the one convolution with bias that stands for both. */
  unit(x: GraphValue, module: string, { size, stride, isDepthwise }: Kind): GraphValue {
    const isFused = this.shape(`${module}.c.weight`) === undefined;
    const conv = this.net.convolution(x, {
      name: isFused ? layer(module) : `${layer(module)}/c`,
      filters: isDepthwise ? channelsOf(x) : this.width(isFused ? `${module}.bias` : `${module}.bn.bias`),
      kernel: [size, size],
      stride,
      groups: isDepthwise ? channelsOf(x) : 1,
      padding: "explicit",
      useBias: isFused,
    });
    return isFused ? conv : this.net.batchNorm(conv, `${layer(module)}/bn`);
  }

  /** BatchNorm and a dense layer, or the one that stands for both. */
  head(x: GraphValue, module: string): GraphValue {
    const isFused = this.shape(`${module}.l.weight`) === undefined;
    const dense = isFused ? module : `${module}.l`;
    const normalized = isFused ? x : this.net.batchNorm(x, `${layer(module)}/bn`);
    return this.net.dense(normalized, {
      name: layer(dense),
      units: this.width(`${dense}.bias`),
      activation: "linear",
    });
  }

  #has(module: string): boolean {
    return ["weight", "c.weight", "bn.weight"].some((suffix) => this.state.has(`${module}.${suffix}`));
  }
}
