/**
 * What a page carries: both forms of the network with their weights, the kernels, and a few test images to try it with.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { contactSheet, encodePng, firstOfEachClass } from "../data/contact_sheet.ts";
import type { ModelCard } from "../classify/classifier.ts";
import { costOf } from "../graph/cost.ts";
import { RUNTIME_KERNELS } from "../runtime/kernel_operations.ts";
import { packGraph } from "../runtime/pack_graph.ts";
import { ASSETS, type PageData, type PageForm } from "./page/page_data.ts";
import { compiledKernels } from "./compiled_kernels.ts";
import type { ExportRequest } from "./export_format.ts";
import { classifierGraph } from "./graph_classifier.ts";
import type { Asset } from "./page_html.ts";
import type { ModelSource } from "./model_source.ts";

/** Example pictures at most: one per class, of the first classes. */
const MAXIMUM_EXAMPLES = 10;

/** A form with its weights. */
interface PackedForm {
  readonly form: PageForm;
  readonly weights: Asset;
}

/** All files of a page but the page itself and its script. */
export async function pageAssets({ source, artifacts, dataset }: ExportRequest): Promise<Asset[]> {
  const forms = [
    ...(source.trainingForm === undefined ? [] : [packForm("training", source.trainingForm, source.card)]),
    packForm(source.form, artifacts, source.card),
  ];
  const examples = exampleStrip(source.card, dataset);
  const { classNames, inputSize, normalization, givesProbabilities } = source.card;
  const data: PageData = {
    title: titleOf(source),
    labels: classNames,
    inputSize,
    normalization,
    givesProbabilities,
    forms: forms.map(({ form }) => form),
    kernels: await compiledKernels({ only: RUNTIME_KERNELS }),
    examples: examples?.labels ?? [],
  };
  return [
    { name: ASSETS.data, type: "application/json", bytes: new TextEncoder().encode(JSON.stringify(data)) },
    ...forms.map(({ weights }) => weights),
    ...(examples === undefined ? [] : [{ name: ASSETS.examples, type: "image/png", bytes: examples.png }]),
  ];
}

/** "toy on shapes10": a run's name without its time. */
function titleOf({ name, data }: ModelSource): string {
  const title = name.replace(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-/, "");
  return data === undefined ? title : `${title} on ${data.source.split("/").at(-1)}`;
}

function packForm(name: PageForm["name"], artifacts: io.ModelArtifacts, card: ModelCard): PackedForm {
  const graph = classifierGraph(artifacts, card);
  const { json, weights } = packGraph(graph);
  const { convolutions, parameters } = costOf(graph);
  const file = `${name}.bin`;
  return {
    form: { name, network: json, weights: file, parameters, convolutions },
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
