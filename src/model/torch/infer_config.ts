/**
 * A network's configuration, read off the names and shapes of its PyTorch weights. What weights do not tell is taken from
 * the papers: stride 2 in the stem and in front of each stage, zero padding ⌊k/2⌋, ReLU.
 *
 * Widths are read from vectors and structure from names, so that one damaged kernel does not lead astray: it shall be
 * reported as what it is when the weights are loaded.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { NetworkForm } from "../architecture.ts";
import { type NetworkConfig, parseNetworkConfig } from "../config.ts";
import { formatCount } from "../../text/quantities.ts";
import type { TorchState } from "./read_weights.ts";
import type { TorchDialect } from "./modules.ts";

/** What a state is of. */
export interface InferredNetwork {
  /** What `networkGraph` takes. */
  readonly config: NetworkConfig;
  /** Whose names the state uses. */
  readonly dialect: TorchDialect;
  /** Whether the blocks are fused already. */
  readonly form: NetworkForm;
}

/** What weights do not tell. */
export interface InferenceOptions {
  /** Of the images that the network will see. */
  readonly imageSize: readonly [height: number, width: number];
  /** Of the first block; 2 when not given. */
  readonly stemStride?: number | undefined;
  /** Of the first block of each stage; 2 when not given, and 1 where an identity branch proves it. */
  readonly strides?: readonly number[] | undefined;
  /** Of the kernels of each stage; 1 when not given. */
  readonly dilations?: readonly number[] | undefined;
}

/** One block of the state: the shapes of its tensors, by their names inside the block. */
type Block = ReadonlyMap<string, readonly number[]>;

/** `stage0.x`, `stage1.0.x`, `stem.x` or `stages.0.0.x`. */
const BLOCK_TENSOR = /^(?:stage0|stem|stage(\d{1,3})\.(\d{1,3})|stages\.(\d{1,3})\.(\d{1,3}))\.(.+)$/;

const DEPLOY_CONVOLUTION = /^(rbr_reparam|reparam_conv)\.weight$/;
const FUSED_TENSOR = /\.(?:rbr_reparam|reparam_conv|dbb_reparam|fused_conv|reparam)\.|\.lk_origin\.bias$/;
const TRAINING_CONVOLUTION =
  /^(rbr_dense|rbr_1x1|rbr_conv\.\d+|conv_kxk|conv_kxk\.\d+|conv_1x1)(\.conv)?\.weight$/;
const MOBILEONE_BRANCH = /^(rbr_conv|conv_kxk)\.\d+\.conv\.weight$/;
const POINTWISE_BRANCH = /^(rbr_1x1|conv_1x1)\./;
const IDENTITY_BRANCH = /^(rbr_identity|identity)\./;
const SQUEEZE_EXCITE = /^(se|attn)\./;
const TIMM_BLOCK = /^(stem|stages)\./;
const SKIP_BRANCH = /^(rbr_identity|rbr_skip|identity)\./;
const HEAD_BIAS = { reference: "linear.bias", timm: "head.fc.bias" } as const;

/**
 * The configuration of the RepVGG or MobileOne network that the state belongs to.
 *
 * @param options What weights do not tell.
 * @param source The file's name, for the message.
 * @throws {InputError} when the names are of no such network.
 */
export function inferNetwork(
  state: TorchState,
  { imageSize, stemStride, strides, dilations }: InferenceOptions,
  source = "the state",
): InferredNetwork {
  const dialect = dialectOf(state);
  const form = formOf(state);
  if (isFastVit(state)) throw unknownNetwork(state, source);
  const [[stem] = [], ...stages] = blocksByStage(state);
  const head = state.get(HEAD_BIAS[dialect]);
  const stemKernel = stem && shapeOf(stem, TRAINING_CONVOLUTION, DEPLOY_CONVOLUTION);
  if (stemKernel === undefined || stages.length === 0) throw unknownNetwork(state, source);
  if (head === undefined) throw missingHead(dialect, source);
  const shared = {
    inputSize: [...imageSize, stemKernel[1]],
    classCount: head.shape[0],
    padding: "explicit",
    stem: { width: widthOf([stem!]), ...(stemStride === undefined ? {} : { stride: stemStride }) },
  };
  const own = isMobileOne(stages.flat(), dialect) ? mobileOne(stages) : repVgg(stages, stem!, form);
  if (strides !== undefined) {
    setStrides(own.stages, strides, source);
    // The identity of QARepVGG has no tensors to be missed.
    if (form === "training" && !("postAdditionBn" in own && own.postAdditionBn)) {
      own.stages.forEach((stage, i) => Object.assign(stage, entryOf(stages[i]!, stage)));
    }
  }
  if (dilations !== undefined) setDilations(own.stages, dilations, source);
  return { config: parseNetworkConfig({ ...shared, ...own }, `network of ${source}`), dialect, form };
}

/** Whose names the state uses. */
export function dialectOf(state: TorchState): TorchDialect {
  return [...state.keys()].some((name) => TIMM_BLOCK.test(name)) ? "timm" : "reference";
}

/** Whether the state's blocks are fused. */
export function formOf(state: TorchState): NetworkForm {
  const fused = [...state.keys()].some((name) => FUSED_TENSOR.test(name));
  return fused ? "deploy" : "training";
}

function repVgg(stages: readonly Block[][], stem: Block, form: NetworkForm) {
  const blocks = stages.flat();
  const groups = blocks.map((block, i) => groupsOf(block, widthOf([blocks[i - 1] ?? stem])));
  const firstGrouped = groups.findIndex((count) => count > 1);
  const postAdditionBn = stem.has("bn.weight");
  const all = [stem, ...blocks];
  return {
    block: "repvgg",
    stages: stages.map((stage) => ({ depth: stage.length, width: widthOf(stage), ...knownStride(stage) })),
    ...(firstGrouped < 0 ? {} : { groups: groups[firstGrouped], groupsEvery: firstGrouped + 1 }),
    squeezeExcite: hasAny(all, SQUEEZE_EXCITE),
    postAdditionBn,
    branches: {
      conv1x1: form === "deploy" || hasAny(all, POINTWISE_BRANCH),
      identity: form === "deploy" || postAdditionBn || hasAny(all, IDENTITY_BRANCH),
    },
  };
}

/** Every block of ours is two of the state's: depthwise, then pointwise. */
function mobileOne(stages: readonly Block[][]) {
  const branches = stages.flat().map((block) =>
    [...block.keys()].filter((name) => MOBILEONE_BRANCH.test(name)).length
  );
  return {
    block: "mobileone",
    convBranches: Math.max(1, ...branches),
    stages: stages.map((stage) => ({
      depth: Math.ceil(stage.length / 2),
      width: widthOf(stage.slice(1)),
      ...knownStride(stage),
      squeezeExciteBlocks: Math.ceil(stage.filter((block) => hasAny([block], SQUEEZE_EXCITE)).length / 2),
    })),
  };
}

/** timm names the fused convolution of both networks alike; then the first block tells, which MobileOne has depthwise. */
function isMobileOne(blocks: readonly Block[], dialect: TorchDialect): boolean {
  if (hasAny(blocks, MOBILEONE_BRANCH)) return true;
  if (dialect === "reference") return hasAny(blocks, /^reparam_conv\./);
  const kernel = shapeOf(blocks[0]!, DEPLOY_CONVOLUTION);
  return kernel !== undefined && kernel[0]! > 1 && kernel[1] === 1;
}

/** Blocks of the stem (stage 0) and of each stage, in order; a block without tensors is empty. */
function blocksByStage(state: TorchState): Block[][] {
  const stages: Map<string, readonly number[]>[][] = [];
  for (const [name, { shape }] of state) {
    const match = BLOCK_TENSOR.exec(name);
    if (match === null) continue;
    const [, stage, block, timmStage, timmBlock, rest] = match;
    const blocks = stages[timmStage === undefined ? Number(stage ?? 0) : Number(timmStage) + 1] ??= [];
    (blocks[Number(block ?? timmBlock ?? 0)] ??= new Map()).set(rest!, shape);
  }
  return Array.from(stages, (blocks = []) => Array.from(blocks, (block = new Map()) => block));
}

/**
 * Output channels: every vector of a block has that length, but for those of squeeze-and-excitation. The length of most of
 * them, so that one that is cut does not put the blame on the others.
 */
function widthOf(blocks: readonly Block[]): number | undefined {
  const counts = new Map<number, number>();
  for (const [name, [length, ...more]] of blocks.flatMap((block) => [...block])) {
    if (length === undefined || more.length > 0 || SQUEEZE_EXCITE.test(name)) continue;
    counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** An identity branch in a stage's first block proves stride 1; without one, the default stands. */
function knownStride([first]: readonly Block[]): { stride?: number } {
  return first !== undefined && hasAny([first], SKIP_BRANCH) ? { stride: 1 } : {};
}

/** A first block of stride 1 without an identity branch had another stride when it was trained, or was made so. */
function entryOf([first]: readonly Block[], { stride }: { stride?: number }): { entryIdentity?: boolean } {
  return stride === 1 && first !== undefined && !hasAny([first], SKIP_BRANCH) ? { entryIdentity: false } : {};
}

/**
 * Gives each stage its stride.
 *
 * @throws {InputError} when there is not one for each stage, or an identity branch proves another.
 */
export function setStrides(
  stages: { stride?: number }[],
  strides: readonly number[],
  source: string,
): void {
  checkCount(stages, strides, "stride", source);
  stages.forEach((stage, i) => {
    if (stage.stride !== undefined && stage.stride !== strides[i]) {
      throw new InputError(
        `Cannot import ${source} with --strides ${strides}: stage ${
          i + 1
        } begins with an identity branch, which proves ` +
          `stride ${stage.stride}.`,
      );
    }
    stage.stride = strides[i]!;
  });
}

/**
 * Gives each stage its dilation.
 *
 * @throws {InputError} when there is not one for each stage.
 */
export function setDilations(
  stages: readonly { readonly depth: number }[],
  dilations: readonly number[],
  source: string,
): void {
  checkCount(stages, dilations, "dilation", source);
  stages.forEach((stage, i) => Object.assign(stage, { dilation: dilations[i]! }));
}

function checkCount(
  stages: readonly unknown[],
  values: readonly number[],
  what: "stride" | "dilation",
  source: string,
): void {
  if (values.length === stages.length) return;
  throw new InputError(
    `Cannot import ${source} with --${what}s ${values}: it has ${
      formatCount(stages.length, "stage")
    }, expected one ${what} for each.`,
  );
}

/** 1 where the kernel's shape makes no sense. */
function groupsOf(block: Block, inputs: number | undefined): number {
  const channels = shapeOf(block, TRAINING_CONVOLUTION, DEPLOY_CONVOLUTION)?.[1];
  const groups = (inputs ?? 0) / (channels ?? 1);
  return Number.isInteger(groups) && groups > 1 ? groups : 1;
}

function shapeOf(block: Block, ...patterns: RegExp[]): readonly number[] | undefined {
  return [...block].find(([name]) => patterns.some((pattern) => pattern.test(name)))?.[1];
}

function hasAny(blocks: readonly Block[], pattern: RegExp): boolean {
  return blocks.some((block) => [...block.keys()].some((name) => pattern.test(name)));
}

function missingHead(dialect: TorchDialect, source: string): InputError {
  const [module] = HEAD_BIAS[dialect].split(/\.(?=bias$)/);
  return new InputError(
    `Cannot import ${source}: its head is missing; there are blocks, and no ${module}.weight and ${module}.bias.`,
    "Save the state dict of the whole classifier; features alone give no classes.",
  );
}

/** Its stem is of MobileOne's blocks, and its stages are named as those of timm's byobnet. */
function isFastVit(state: TorchState): boolean {
  return [...state.keys()].some((name) => /(^|\.)token_mixer\.(qkv|mixer|norm)\./.test(name));
}

/** Networks that are known by a name of their own, and cannot be imported. */
const FOREIGN: readonly (readonly [name: RegExp, what: string])[] = [
  [/(^|\.)token_mixer\.qkv\./, "FastViT with attention (SA12, SA24, SA36, MA36)"],
  [
    /(^|\.)token_mixer\.(mixer|norm)\./,
    "FastViT in the names of its authors' code, where import knows those of timm",
  ],
  [/(^|\.)attn\.(qkv|q|in_proj_weight)/, "a transformer, whose attention is no convolution"],
  [/^(?:layer1\.0|layers?\.0)\.conv1\./, "ResNet or a network like it"],
  [/^features\.\d+\.(?:conv\.|0\.|block\.)/, "a network of torchvision, such as MobileNet"],
  [/^blocks\.\d+\.\d+\.(?:conv_dw|conv_pw)\./, "a network of timm, such as MobileNet or EfficientNet"],
  [/^model\.\d+\.(?:conv|cv\d|m)\./, "YOLO or a network like it"],
];

function unknownNetwork(state: TorchState, source: string): InputError {
  const names = [...state.keys()];
  const foreign = FOREIGN.find(([pattern]) => names.some((name) => pattern.test(name)));
  if (foreign !== undefined) {
    return new InputError(
      `Cannot import ${source}: by the names of its tensors it is ${
        foreign[1]
      }; import knows RepVGG, MobileOne, RepViT and FastViT.`,
      "Weights do not say how a network is connected, and an ONNX file does: torch.onnx.export(model.eval(), images, " +
        '"model.onnx"), then repfuse fuse model.onnx.',
    );
  }
  return new InputError(
    `Cannot tell the network of ${source}: its tensors (${
      names.slice(0, 3).join(", ")
    }, ...) are not named as those of ` +
      `RepVGG, MobileOne, RepViT or FastViT, or the same networks in timm.`,
    "Save the state dict of the whole network, without a wrapper's prefix such as module. Any other network goes by " +
      "torch.onnx.export, and repfuse fuse takes its ONNX file.",
  );
}
