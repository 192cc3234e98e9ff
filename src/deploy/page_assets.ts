/**
 * What a page carries: both forms of the network with their weights, the kernels, the wasm backend of TensorFlow.js, and a
 * few test images to try it with.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { contactSheet, encodePng, firstOfEachClass } from "../data/contact_sheet.ts";
import { readBytes } from "../files/read.ts";
import type { ModelCard } from "../classify/classifier.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { costOf } from "../graph/cost.ts";
import { compileNetwork } from "../runtime/compile.ts";
import { ASSETS, type PageData, type PageForm } from "./page/page_data.ts";
import { compiledKernels, INFERENCE_KERNELS } from "./compiled_kernels.ts";
import type { ExportRequest } from "./export_format.ts";
import type { Asset } from "./page_html.ts";
import { withPrecision } from "../formats/tfjs/precision.ts";
import type { ModelSource } from "./model_source.ts";

/** Example pictures at most: one per class, of the first classes. */
const MAXIMUM_EXAMPLES = 10;

/** A form with its weights. */
interface CompiledForm {
  readonly form: PageForm;
  readonly weights: Asset;
}

/** All files of a page but the page itself and its script. */
export async function pageAssets({ source, artifacts, dataset }: ExportRequest): Promise<Asset[]> {
  const forms = [
    ...(source.trainingForm === undefined ? [] : [compileForm("training", source.trainingForm)]),
    compileForm(source.form, artifacts),
  ];
  const examples = exampleStrip(source.card, dataset);
  const { classNames, normalization } = source.card;
  const data: PageData = {
    title: titleOf(source),
    labels: classNames,
    normalization,
    forms: forms.map(({ form }) => form),
    kernels: await compiledKernels({ only: INFERENCE_KERNELS }),
    examples: examples?.labels ?? [],
  };
  return [
    { name: ASSETS.data, type: "application/json", bytes: new TextEncoder().encode(JSON.stringify(data)) },
    {
      name: ASSETS.wasm,
      type: "application/wasm",
      bytes: await readBytes(wasmFile(), "a file of TensorFlow.js"),
    },
    ...forms.map(({ weights }) => weights),
    ...(examples === undefined ? [] : [{ name: ASSETS.examples, type: "image/png", bytes: examples.png }]),
  ];
}

/** "toy on shapes10": a run's name without its time. */
function titleOf({ name, data }: ModelSource): string {
  const title = name.replace(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-/, "");
  return data === undefined ? title : `${title} on ${data.source.split("/").at(-1)}`;
}

function compileForm(name: PageForm["name"], artifacts: io.ModelArtifacts): CompiledForm {
  const { program, weights } = compileNetwork(withPrecision(artifacts, "float32"));
  const { convolutions, parameters } = costOf(readLayersModel(artifacts));
  const file = `${name}.bin`;
  return {
    form: { name, program, weights: file, parameters, convolutions },
    weights: { name: file, type: "application/octet-stream", bytes: new Uint8Array(weights.buffer) },
  };
}

/** The first test image of each class, side by side, where the data set is still there. */
function exampleStrip(
  card: ModelCard,
  dataset: Dataset | undefined,
): { labels: string[]; png: Uint8Array<ArrayBuffer> } | undefined {
  if (dataset === undefined || ![1, 3].includes(dataset.channels)) return undefined;
  const images = firstOfEachClass(dataset, "test", 1).slice(0, MAXIMUM_EXAMPLES);
  if (images.length === 0) return undefined;
  const strip = contactSheet(images, dataset, { columns: images.length, gap: 0 });
  return { labels: card.classNames.slice(0, images.length), png: new Uint8Array(encodePng(strip)) };
}

function wasmFile(): string {
  const file = new URL(`./${ASSETS.wasm}`, import.meta.resolve("@tensorflow/tfjs-backend-wasm"));
  return decodeURIComponent(file.pathname);
}
