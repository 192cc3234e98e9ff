/**
 * What Teachable Machine writes beside the `model.json` of a network: `metadata.json`, with the names of its classes. Its
 * networks take pixels from -1 to 1, as its own library feeds them.
 *
 * @module
 */
import { z } from "zod";
import type { ToldByFile } from "../classify/guessed_card.ts";
import { exists, readText } from "../files/read.ts";

const METADATA_FILE = "metadata.json";

const schema = z.object({ labels: z.array(z.string()).min(1), tmVersion: z.string().optional() });

/** What lies beside a model; nothing where there is no such file, or another's. */
export async function toldBeside(folder: string): Promise<ToldByFile> {
  const path = `${folder}/${METADATA_FILE}`;
  if (!(await exists(path))) return {};
  const metadata = schema.safeParse(parsed(await readText(path, "the metadata of a model")));
  if (!metadata.success) return {};
  const { labels, tmVersion } = metadata.data;
  return { classNames: labels, ...(tmVersion === undefined ? {} : { pixels: "-1..1" }) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
