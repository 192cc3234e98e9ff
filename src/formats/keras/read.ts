/**
 * The files of Keras itself, as the artifacts of a LayersModel: `.keras` archives (Keras 2.13 and later, a zip of
 * `config.json` and `model.weights.h5`) and whole models in `.h5`.
 *
 * Reference: `keras/src/saving/saving_lib.py` and `keras/src/legacy/saving/legacy_h5_format.py` of Keras 3.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import { isObject, type Json } from "../tfjs/layer_config.ts";
import { artifactsFrom, type NamedArray } from "./artifacts.ts";
import { type Hdf5Group, isHdf5, readHdf5 } from "./hdf5.ts";
import { savedWeights } from "./saved_layers.ts";
import { isZip, ZipArchive } from "../zip.ts";

/** The extensions of the files that are read here. */
const KERAS_EXTENSIONS = ["keras", "h5", "hdf5"] as const;

/** Whether the name is one of a file of Keras. */
export function isKerasFile(path: string): boolean {
  return KERAS_EXTENSIONS.some((extension) => path.toLowerCase().endsWith(`.${extension}`));
}

/**
 * Reads a model, whichever of the two its bytes are.
 *
 * @param path Names it in errors.
 * @throws {InputError} when it is neither, is damaged, or holds something that TensorFlow.js has no layer for.
 */
export async function readKeras(bytes: Uint8Array, path: string): Promise<io.ModelArtifacts> {
  if (isZip(bytes)) return await readArchive(bytes, path);
  if (isHdf5(bytes)) return await readHdf5(bytes, path, (root) => readWholeModel(root, path));
  throw new InputError(
    `${path} is no file of Keras: it begins as neither a zip archive (.keras) nor an HDF5 file (.h5).`,
    "Save it with model.save().",
  );
}

async function readArchive(bytes: Uint8Array, path: string): Promise<io.ModelArtifacts> {
  const archive = new ZipArchive(bytes, (reason, hint = "Save or download it again.") => {
    throw new InputError(`Cannot read ${path}: ${reason}.`, hint);
  });
  const entry = (name: string): Uint8Array => {
    const found = archive.get(name);
    if (found !== undefined) return found;
    throw new InputError(
      `Cannot read ${path}: it is a zip archive without "${name}", expected a .keras archive.`,
      `It holds ${archive.names().slice(0, 5).map((name) => JSON.stringify(name)).join(", ") || "nothing"}.`,
    );
  };
  const config = parsed(entry("config.json"), `config.json of ${path}`);
  const { keras_version: version } = parsed(entry("metadata.json"), `metadata.json of ${path}`);
  const weights = await readHdf5(
    entry("model.weights.h5"),
    `model.weights.h5 of ${path}`,
    (root) => savedWeights(config, root, path),
  );
  return artifactsFrom(config, String(version), weights);
}

function readWholeModel(root: Hdf5Group, path: string): io.ModelArtifacts {
  const config = root.texts("model_config")?.[0];
  const group = root.group("model_weights");
  if (config === undefined || group === undefined) {
    throw new InputError(
      `${path} holds weights alone, and no model: it has no "model_config".`,
      'Save the whole model: model.save("model.keras").',
    );
  }
  const version = root.texts("keras_version")?.[0] ?? "2";
  return artifactsFrom(parsed(config, `model_config of ${path}`), version, weightsByName(group, path));
}

/** What the attributes of every layer list; those of nested models under the names of their own layers. */
function weightsByName(root: Hdf5Group, path: string): NamedArray[] {
  return longTexts(root, "layer_names").flatMap((layer) => {
    const group = root.group(layer);
    return longTexts(group, "weight_names").map((name) => {
      const found = group?.array(name);
      if (found === undefined) {
        throw new InputError(
          `Cannot read ${path}: its layer "${layer}" lists a weight "${name}", and has none.`,
        );
      }
      return { name: name.replace(/:0$/, ""), ...found };
    });
  });
}

/** An attribute that is split into numbered ones where it is too long for HDF5. */
function longTexts(group: Hdf5Group | undefined, attribute: string): readonly string[] {
  const whole = group?.texts(attribute);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let i = 0, part; (part = group?.texts(`${attribute}${i}`)) !== undefined; i++) parts.push(...part);
  return parts;
}

function parsed(text: Uint8Array | string, what: string): Json {
  try {
    const value: unknown = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
    if (isObject(value)) return value;
  } catch {
    // Said below.
  }
  throw new InputError(`Cannot read ${what}: it is not a JSON object.`, "Save or download the file again.");
}
