/**
 * The data set behind a network, where it is still there and still the same.
 *
 * @module
 */
import type { Progress } from "../progress.ts";
import type { Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/load.ts";
import { InputError } from "../errors.ts";
import type { Manifest } from "../deploy/manifest.ts";

/**
 * The data set that a network was trained on.
 *
 * @param data What the run or the manifest says of it.
 * @returns Nothing when none is known, it is gone, or its checksum is another; `progress` is told why.
 */
export async function loadSourceDataset(
  data: Manifest["data"],
  progress: Progress,
): Promise<Dataset | undefined> {
  if (data === undefined) return undefined;
  try {
    const dataset = await loadDataset(data.source, {
      ...(data.imageSize === undefined ? {} : { imageSize: data.imageSize }),
      onProgress: (message) => progress.log(message),
    });
    if (dataset.checksum === data.checksum) return dataset;
    progress.log(`The data set ${data.source} has changed since training: it is not used.`);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    progress.log(`The data set ${data.source} is not used: ${error.message}`);
  }
  return undefined;
}
