/**
 * Which PyTorch module a layer of ours corresponds to: `stage1/block1/conv3x3_bn` is `stage1.0.rbr_dense.bn` in the
 * reference code of the papers and `stages.0.0.conv_kxk.bn` in timm's byobnet.
 *
 * References: github.com/DingXiaoH/{RepVGG, DiverseBranchBlock, ACNet}, github.com/apple/ml-mobileone, YOLOv6 (QARepVGG),
 * AILab-CVC/UniRepLKNet, THU-MIG/RepViT (blocks),
 * timm/models/byobnet.py.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { branchNames } from "../blocks/block.ts";
import type { NetworkConfigOf } from "../config.ts";
import { HEAD_LAYER } from "../architecture.ts";

/** Whose names: the papers' own code, or timm's byobnet (RepVGG and MobileOne alone). */
export type TorchDialect = "reference" | "timm";

/** What of a network's configuration decides the names inside its blocks. */
export type BlockNaming =
  | Pick<NetworkConfigOf<"repvgg">, "block" | "postAdditionBn">
  | Pick<NetworkConfigOf<"qarepvgg">, "block">
  | Pick<NetworkConfigOf<"mobileone">, "block" | "convBranches">
  | Pick<NetworkConfigOf<"fastvit">, "block" | "kernelSizes">
  | Pick<NetworkConfigOf<"dbb">, "block">
  | Pick<NetworkConfigOf<"acnet">, "block">
  | Pick<NetworkConfigOf<"unireplknet">, "block">
  | Pick<NetworkConfigOf<"repvit">, "block">
  | { readonly block: "file" };

/** The modules inside one block. */
export interface BlockModules {
  /** The module of each layer, by the layer's name after the block's: `conv3x3_bn`. */
  readonly parts: ReadonlyMap<string, string>;
  /** The one convolution, with bias, of the deploy form. */
  readonly deploy: string;
}

/** The module of a layer, by the layer's whole name; undefined for a layer without a counterpart. */
export type ModuleOfLayer = (layer: string, isDeployConvolution: boolean) => string | undefined;

/** Kernel sizes of MobileOne's depthwise and pointwise parts. */
const MOBILEONE_KERNELS = [3, 1] as const;

/** `stage2/block3` with an optional part of MobileOne, then the layer's own name. */
const PLACED_LAYER = /^stage(\d+)\/block(\d+)\/(?:(depthwise|pointwise)\/)?([^/]+)$/;

/**
 * The names inside one block.
 *
 * @throws {InputError} for a person's own block, which PyTorch has no module of.
 */
export function blockModules(naming: BlockNaming, dialect: TorchDialect): BlockModules {
  const timm = dialect === "timm";
  switch (naming.block) {
    case "repvgg":
      return timm ? repVggTimm() : repVggReference(naming.postAdditionBn);
    case "qarepvgg":
      return repVggReference(true);
    case "mobileone":
      return timm ? mobileOneTimm(naming.convBranches) : mobileOneReference(naming.convBranches);
    case "fastvit": {
      const sizes = [...naming.kernelSizes].sort((a, b) => b - a);
      return modules("reparam_conv", { skip_bn: "rbr_skip" }, numbered(branchNames(sizes), "rbr_conv"));
    }
    case "dbb":
      return modules("dbb_reparam", DBB);
    case "acnet":
      return modules("fused_conv", ACNET);
    case "unireplknet":
      return modules("lk_origin", { large: "lk_origin", large_bn: "origin_bn" }, DILATED);
    case "repvit":
      return modules("reparam.0", REPVIT);
    case "file":
      throw new InputError(
        "Cannot name the weights for PyTorch: the network is made of a block from a person's own file, which no PyTorch code has.",
        "Export it to ONNX, which needs no names.",
      );
  }
}

/** The names in a whole network made by `createNetwork` or fused from one. */
export function networkModules(naming: BlockNaming, dialect: TorchDialect): ModuleOfLayer {
  const { parts, deploy } = blockModules(naming, dialect);
  return (layer, isDeployConvolution) => {
    if (layer === HEAD_LAYER) return dialect === "timm" ? "head.fc" : "linear";
    const [, stage, block, half, part] = PLACED_LAYER.exec(layer) ?? [];
    if (part === undefined) return undefined;
    const module = parts.get(part) ?? (isDeployConvolution ? deploy : undefined);
    if (module === undefined) return undefined;
    const index = half === undefined
      ? Number(block) - 1
      : 2 * (Number(block) - 1) + (half === "pointwise" ? 1 : 0);
    return `${stageModule(Number(stage), index, dialect)}.${module}`;
  };
}

function stageModule(stage: number, index: number, dialect: TorchDialect): string {
  if (dialect === "timm") return stage === 0 ? "stem" : `stages.${stage - 1}.${index}`;
  return stage === 0 ? "stage0" : `stage${stage}.${index}`;
}

function repVggReference(postAdditionBn: boolean): BlockModules {
  return modules("rbr_reparam", {
    ...convBn("conv3x3", "rbr_dense"),
    ...(postAdditionBn ? { conv1x1: "rbr_1x1", add_bn: "bn" } : convBn("conv1x1", "rbr_1x1")),
    identity_bn: "rbr_identity",
    se_reduce: "se.down",
    se_expand: "se.up",
  });
}

function repVggTimm(): BlockModules {
  return modules("reparam_conv", {
    ...convBn("conv3x3", "conv_kxk"),
    ...convBn("conv1x1", "conv_1x1"),
    identity_bn: "identity",
    ...TIMM_ATTENTION,
  });
}

function mobileOneReference(branches: number): BlockModules {
  return modules("reparam_conv", {
    ...mobileOneBranches(branches, "rbr_conv"),
    ...convBn("scale", "rbr_scale"),
    skip_bn: "rbr_skip",
    se_reduce: "se.reduce",
    se_expand: "se.expand",
  });
}

function mobileOneTimm(branches: number): BlockModules {
  return modules("reparam_conv", {
    ...mobileOneBranches(branches, "conv_kxk"),
    ...convBn("scale", "conv_scale"),
    skip_bn: "identity",
    ...TIMM_ATTENTION,
  });
}

const TIMM_ATTENTION = { se_reduce: "attn.fc1", se_expand: "attn.fc2" };

const DBB = {
  ...convBn("origin", "dbb_origin"),
  ...convBn("conv1x1", "dbb_1x1"),
  sequence_1x1: "dbb_1x1_kxk.idconv1",
  sequence_1x1_bn: "dbb_1x1_kxk.bn1.bn",
  sequence_expand: "dbb_1x1_kxk.conv1",
  sequence_expand_bn: "dbb_1x1_kxk.bn1.bn",
  sequence_kxk: "dbb_1x1_kxk.conv2",
  sequence_kxk_bn: "dbb_1x1_kxk.bn2",
  average_1x1: "dbb_avg.conv",
  average_1x1_bn: "dbb_avg.bn.bn",
  average_bn: "dbb_avg.avgbn",
};

const ACNET = {
  square: "square_conv",
  square_bn: "square_bn",
  vertical: "ver_conv",
  vertical_bn: "ver_bn",
  horizontal: "hor_conv",
  horizontal_bn: "hor_bn",
};

/** `dilated5x5_2` is `dil_conv_k5_2`, of every size and dilation that there is. */
const DILATED = Object.fromEntries(
  [3, 5, 7, 9].flatMap((size) =>
    [1, 2, 3, 4, 5, 7].flatMap((dilation) => [
      [`dilated${size}x${size}_${dilation}`, `dil_conv_k${size}_${dilation}`],
      [`dilated${size}x${size}_${dilation}_bn`, `dil_bn_k${size}_${dilation}`],
    ])
  ),
);

const REPVIT = {
  ...convBn("conv3x3", "conv", "c"),
  ...convBn("mixer3x3", "token_mixer.0.conv", "c"),
  mixer1x1: "token_mixer.0.conv1",
  mixer_bn: "token_mixer.0.bn",
  ...convBn("spatial", "token_mixer.0", "c"),
  ...convBn("channel", "token_mixer.2", "c"),
  ...convBn("expand", "channel_mixer.m.0", "c"),
  ...convBn("project", "channel_mixer.m.2", "c"),
  // The convolutions of the deploy form, in their order; the paper's code has no names for them in one block.
  ...Object.fromEntries([1, 2, 3].map((i) => [`reparam_${i}`, `reparam.${i}`])),
};

function convBn(part: string, module: string, conv = "conv"): Record<string, string> {
  return { [part]: `${module}.${conv}`, [`${part}_bn`]: `${module}.bn` };
}

/** Both sizes, since a block's parts share one table; the stem has a single, unnumbered branch. */
function mobileOneBranches(count: number, module: string): Record<string, string> {
  const tables = MOBILEONE_KERNELS.flatMap((size) =>
    [1, count].map((branches) => numbered(branchNames(new Array<number>(branches).fill(size)), module))
  );
  return Object.assign({}, ...tables);
}

function numbered(names: readonly string[], module: string): Record<string, string> {
  return Object.assign({}, ...names.map((name, i) => convBn(name, `${module}.${i}`)));
}

function modules(deploy: string, ...tables: Record<string, string>[]): BlockModules {
  return { deploy, parts: new Map(tables.flatMap((table) => Object.entries(table))) };
}
