/**
 * The data sets of one task. Each is decoded and hashed once, however many stages ask for it.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { loadDataset, type LoadOptions } from "../data/load.ts";
import type { Manifest } from "../deploy/manifest.ts";
import { InputError } from "../errors.ts";
import type { Progress } from "../progress.ts";

/** Where images come from, and the side in pixels that they are resized to. */
export interface DataSource {
  readonly source: string;
  readonly imageSize?: number | undefined;
  /** Whether pictures that cannot be read are left out. */
  readonly skipBad?: boolean | undefined;
  /** What a network was trained on: with it, what was left out then is left out again, for it says whether all is the same. */
  readonly checksum?: string | undefined;
}

/** Loads data sets, and keeps them until it is dropped. */
export class Datasets {
  private readonly loaded = new Map<string, Dataset>();

  /**
   * @param progress Told when a data set has to be drawn first, or cannot be used.
   * @param load What decodes and hashes.
   */
  constructor(
    private readonly progress: Progress,
    private readonly load: (source: string, options: LoadOptions) => Promise<Dataset> = loadDataset,
  ) {}

  /**
   * The data set.
   *
   * @throws {InputError} when it cannot be read.
   */
  async get({ source, imageSize, skipBad, checksum }: DataSource): Promise<Dataset> {
    const key = (side: number | undefined) => JSON.stringify([source, side]);
    const dataset = this.loaded.get(key(imageSize)) ?? await this.load(source, {
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(skipBad || checksum !== undefined ? { skipBad: true } : {}),
      onProgress: (message) => this.progress.log(message),
    });
    this.loaded.set(key(imageSize), dataset);
    this.loaded.set(key(dataset.imageSize), dataset);
    return dataset;
  }

  /**
   * The data set that a network was trained on.
   *
   * @param data What the run or the manifest says of it.
   * @returns Nothing when none is known, it is gone, or its checksum is another; the progress is told why.
   */
  async ofNetwork(data: Manifest["data"]): Promise<Dataset | undefined> {
    if (data === undefined) return undefined;
    try {
      const dataset = await this.get(data);
      if (dataset.checksum === data.checksum) return dataset;
      this.progress.log(`The data set ${data.source} has changed since training: it is not used.`);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.progress.log(`The data set ${data.source} is not used: ${error.message}`);
    }
    return undefined;
  }
}
