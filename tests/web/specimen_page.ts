/** A page of an untrained toy network, both forms, written to a folder of its own. */
import { MODEL_FILE, saveLayersModel } from "../../src/export/layers_model.ts";
import type { ModelSource } from "../../src/export/source.ts";
import { webFormat } from "../../src/export/web_format.ts";
import { fuse } from "../../src/fuse/fuse.ts";
import { randomizeBatchNorm } from "../../src/fuse/randomize_batch_norm.ts";
import { defaultNormalization } from "../../src/inference/normalization.ts";
import { createNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { runDirectoryAt } from "../../src/run/run_directory.ts";
import { artifactsOf } from "../model/artifacts.ts";

/** A written page and what it was made from. */
export interface SpecimenPage {
  readonly folder: string;
  readonly source: ModelSource;
}

/** Writes the page, hands it over, and removes it. */
export async function inPage(
  singleFile: boolean,
  work: (page: SpecimenPage) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "repfuse-page-" });
  try {
    const run = runDirectoryAt(`${root}/2026-01-01T00-00-00-toy`);
    const config = presetConfig("toy");
    const training = randomizeBatchNorm(await artifactsOf(createNetwork(config, { seed: 1 })), 2);
    await Deno.mkdir(run.snapshot, { recursive: true });
    await saveLayersModel(run.snapshot, training);
    const { artifacts } = fuse(training);
    const source = {
      path: run.fused,
      folder: run.fused,
      file: MODEL_FILE,
      form: "fused",
      artifacts,
      sha256: "",
      card: {
        classNames: Array.from({ length: 10 }, (_, i) => `<class> & ${i}`),
        inputSize: config.inputSize,
        normalization: defaultNormalization(3),
      },
      run,
    } satisfies ModelSource & Record<string, unknown>;
    const folder = `${root}/page`;
    await Deno.mkdir(folder);
    await webFormat(singleFile).write(folder, { source, artifacts, precision: "float32" });
    await work({ folder, source });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
