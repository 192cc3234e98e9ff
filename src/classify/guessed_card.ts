/**
 * The card of a network that nobody wrote one for: what its file and its graph tell, what a person answers, and our own
 * normalization for the rest.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import {
  type AnsweredCard,
  type CardAnswers,
  checkImageSize,
  namesFor,
  saidNormalization,
  saysProbabilities,
} from "./card_answers.ts";
import { placeholderNames } from "./class_names.ts";
import type { ModelCard } from "./classifier.ts";
import { CLASSIFIERS_ALONE, NoClassifier, outputOf } from "./output.ts";
import { imageInputOf, inputsText, shapeText } from "../graph/image_input.ts";
import { defaultNormalization, normalizationOf } from "../data/normalization.ts";
import { type PixelRange, shownPixelRange } from "../graph/pixel_range.ts";

/** What a file says beside its network. */
export interface ToldByFile extends Partial<Omit<ModelCard, "inputSize">> {
  readonly pixels?: PixelRange | undefined;
}

/**
 * Image size and number of classes from the graph; all else from whoever knows it.
 *
 * @param path Names the network in errors.
 * @throws {InputError} when it is no classifier of images, or takes any size and nobody says which.
 */
export function guessCard(
  graph: Graph,
  path: string,
  answers: CardAnswers = {},
  told: ToldByFile = {},
): AnsweredCard {
  const inputSize = cardSizeOf(graph, path, answers);
  const output = outputOf(graph, path);
  const assumed: string[] = [];
  const assume = <T>(what: string, value: T): T => {
    assumed.push(what);
    return value;
  };
  const [, , channels] = inputSize;
  const shown = told.pixels ?? shownPixelRange(graph);
  const { mean, std } = answers;
  if (mean !== undefined && std === undefined) assumed.push("a deviation of 1 (--std)");
  if (std !== undefined && mean === undefined) assumed.push("a mean of 0 (--mean)");
  return {
    card: {
      inputSize,
      normalization: saidNormalization(answers, channels) ?? told.normalization ??
        (shown === undefined
          ? assume("pixels from -1 to 1 (--pixels, --mean, --std)", defaultNormalization(channels))
          : plainNormalization(shown, channels)),
      givesProbabilities: saysProbabilities(answers) ?? told.givesProbabilities ??
        (output.isShown ? output.givesProbabilities : assume("outputs are logits (--outputs)", false)),
      classNames: (answers.classNames && namesFor(output.outputs, answers.classNames, path)) ??
        fitting(told.classNames ?? graph.labels, output.outputs) ??
        assume("classes by their numbers (--labels)", placeholdersFor(output, answers)),
    },
    assumed,
  };
}

/** A sigmoid has two classes; a number that may be anything is one of its own. */
function placeholdersFor(
  { outputs, givesProbabilities }: ReturnType<typeof outputOf>,
  answers: CardAnswers,
): readonly string[] {
  const isBinary = outputs === 1 && (givesProbabilities || answers.outputs !== undefined);
  return placeholderNames(isBinary ? 2 : outputs);
}

function fitting(names: readonly string[] | undefined, outputs: number): readonly string[] | undefined {
  return names?.length === (outputs === 1 ? 2 : outputs) ? names : undefined;
}

function plainNormalization(range: PixelRange, channels: number): ModelCard["normalization"] {
  return normalizationOf(range, new Array(channels).fill(0), new Array(channels).fill(1));
}

/** Height, width, channels: of the input, or as a person says where it leaves them open. */
function cardSizeOf(graph: Graph, path: string, answers: CardAnswers): ModelCard["inputSize"] {
  const { outputs, values } = graph;
  const shape = imageInputOf(graph);
  if (shape === undefined) {
    throw new NoClassifier(
      `Cannot use ${path} as a classifier: expected one input [N, height, width, channels], found ` +
        `${inputsText(graph)}.`,
      CLASSIFIERS_ALONE,
    );
  }
  const [, height, width, channels] = shape as [null, number | null, number | null, number];
  checkImageSize([height, width], answers, path);
  const { imageSize } = answers;
  if ((height ?? imageSize) === undefined || (width ?? imageSize) === undefined) {
    const isVector = outputs.every((output) => values[output]!.shape?.length === 2);
    throw new (isVector ? InputError : NoClassifier)(
      `Cannot tell how large the images of ${path} are: it takes ${shapeText(shape)}, so any size.`,
      "Say which it was trained on: --image-size 224",
    );
  }
  return [(height ?? imageSize)!, (width ?? imageSize)!, channels];
}
