/**
 * `repfuse import`: PyTorch weights into a model that every other task takes.
 *
 * @module
 */
import { answersFrom, CARD_OPTIONS, MAXIMUM_SIDE } from "../card_options.ts";
import { newCommand, print, printColumns, printJson, wholeNumber, wholeNumbers } from "../command.ts";
import { renderExport } from "../export_summary.ts";
import { createProgress } from "../progress.ts";
import { withoutExtension } from "../../formats/checkpoint.ts";
import { type ImportResult, importWeights } from "../../run/import_weights.ts";
import { quoted } from "../../text/shell.ts";

/** The command `import`. */
export function importCommand() {
  const { pixels, mean, std, labels } = CARD_OPTIONS;
  return newCommand(
    "import",
    "Read PyTorch weights of RepVGG, MobileOne, RepViT or FastViT, in the reference's names or timm's, training or deploy form.",
  )
    .argument("<weights>", "a PyTorch checkpoint (.pt, .pth, .pth.tar, .bin) or a safetensors file")
    .option("--stem-stride <pixels>", "stride of the first block (default: 2)", wholeNumber(1, 8))
    .option(
      "--strides <pixels>",
      "of the first block of each stage, such as 2,2,2,1 (default: 2; 1 where an identity branch proves it)",
      wholeNumbers(1, 8),
    )
    .option(
      "--dilations <pixels>",
      "of the kernels of each stage, such as 1,1,2,4 in backbones of segmentation (default: 1)",
      wholeNumbers(1, 256),
    )
    .option(
      "--prefix <text>",
      'take the tensors whose names begin so, without it, such as "model_ema.module." (default: the plain network)',
    )
    .option(
      "--image-size <pixels>",
      "side of the images that the network takes (default: 224)",
      wholeNumber(1, MAXIMUM_SIDE),
    )
    .addOption(pixels).addOption(mean).addOption(std).addOption(labels)
    .option("--output <folder>", "where the model goes (default: runs/imported/ and the file's name)")
    .addHelpText(
      "after",
      "\nExample: repfuse import weights.pth --labels labels.txt --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
    )
    .action(async (path, options) => {
      const progress = createProgress(options);
      const result = await importWeights(path, {
        ...await answersFrom(options),
        prefix: options.prefix,
        stemStride: options.stemStride,
        strides: options.strides,
        dilations: options.dilations,
        output: options.output ?? `runs/imported/${baseName(path)}`,
        progress,
      });
      const { output, manifest, network, taken, parameters, assumed } = result;
      if (options.json) {
        return printJson({ output, ...manifest, dialect: network.dialect, taken, parameters, assumed });
      }
      print(
        `${network.kind}, ${network.form} form, ${network.dialect} names, ${
          parameters.toLocaleString("en")
        } parameters`,
      );
      for (const line of describeTaken(taken)) print(line);
      assumed.forEach((what, i) => print(`${i === 0 ? "assumed:" : "        "} ${what}`));
      print(renderExport(result, printColumns()));
      print(
        network.form === "training"
          ? `Next: repfuse fuse ${quoted(output)}`
          : `Next: repfuse export ${quoted(output)}`,
      );
    });
}

/** Nothing for a file that is a network and no more. */
function describeTaken({ prefix, others }: ImportResult["taken"]): string[] {
  if (prefix === "" && others.length === 0) return [];
  return [
    `taken: ${
      prefix === "" ? "the network whose names have nothing before them" : `what lies below ${prefix}`
    }`,
    ...others.map((other) => `left:  the network below ${other} (--prefix ${other})`),
  ];
}

function baseName(path: string): string {
  return withoutExtension(path.slice(path.lastIndexOf("/") + 1));
}
