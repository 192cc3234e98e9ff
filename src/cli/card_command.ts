/**
 * The commands that feed pictures to a network of anybody's.
 *
 * @module
 */
import { newComputeCommand } from "./backend_options.ts";
import { CARD_OPTIONS, IMAGE_SIZE_HELP, MAXIMUM_SIDE } from "./card_options.ts";
import { wholeNumber } from "./command.ts";

/**
 * A command with the flags of `newComputeCommand`, and those about the network's input and output.
 *
 * @param name As it is typed: `repfuse <name>`.
 * @param description What the command does, in one line.
 */
export function newCardCommand(name: string, description: string) {
  const { pixels, mean, std, labels, outputs } = CARD_OPTIONS;
  return newComputeCommand(name, description)
    .addOption(pixels).addOption(mean).addOption(std).addOption(labels).addOption(outputs)
    .option("--image-size <pixels>", IMAGE_SIZE_HELP, wholeNumber(1, MAXIMUM_SIDE));
}
