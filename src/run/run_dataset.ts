/**
 * The data set that a run was, or will be, trained on.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/load.ts";
import type { Progress } from "../progress.ts";

/**
 * Loads the data set of a run's configuration.
 *
 * @param data Where the images come from, and the side that they are resized to.
 * @param progress Told when the data set has to be drawn first.
 * @throws {InputError} when it cannot be read.
 */
export function loadRunDataset(
  data: { readonly source: string; readonly imageSize?: number | undefined },
  progress: Progress,
): Promise<Dataset> {
  return loadDataset(data.source, {
    ...(data.imageSize === undefined ? {} : { imageSize: data.imageSize }),
    onProgress: (message) => progress.log(message),
  });
}
