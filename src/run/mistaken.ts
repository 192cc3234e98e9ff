/**
 * What a person has named in the place of a network: a file that is something else than its name or the task says, a folder
 * with nothing that is known, or nothing at all. It is called what it is, with the command that takes it.
 *
 * @module
 */
import { readdir, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { openFileSource } from "../files/byte_source.ts";
import { formatOfName } from "../formats/checkpoint.ts";
import { type FileKind, HEAD_BYTES, type KindName, recognizeFile } from "../formats/file_kind.ts";
import { isKerasFile } from "../formats/keras/read.ts";
import { MODEL_FILE } from "../formats/tfjs/layers_model.ts";
import { quoted } from "../text/shell.ts";

/** What a network may be, for messages. */
const NETWORKS =
  `a run, a ${MODEL_FILE} of TensorFlow.js or its folder, or a file that ends in .onnx, .keras or .h5`;

/** What TensorFlow itself writes. */
const SAVED_MODEL = "saved_model.pb";

const SAVED_MODEL_HINT =
  "It is TensorFlow's own: load it with tf_keras and save it as .h5, or convert it with tf2onnx.";

/**
 * Refuses a file that is another thing than its name says. What nobody recognizes passes: its reader has words for it.
 *
 * @param path A file, or what may be none.
 */
export async function refuseMistakenFile(path: string): Promise<void> {
  if (!(await stat(path).then((found) => found.isFile(), () => false))) return;
  const kind = await kindOf(path);
  if (kind === "empty") {
    throw new InputError(
      `${path} is an empty file: expected ${expectedOf(path)?.what ?? NETWORKS}.`,
      "Write or download it again.",
    );
  }
  if (kind === undefined) {
    if (expectedOf(path) !== undefined) return;
    throw new InputError(
      `${path} is a file of no format that is known here: expected ${NETWORKS}.`,
      path.endsWith(".pb")
        ? SAVED_MODEL_HINT
        : "Name it for what it is, such as model.onnx; weights of PyTorch come in by: repfuse import weights.pth",
    );
  }
  const expected = expectedOf(path);
  if (expected?.kinds.includes(kind.name)) return;
  const { what = NETWORKS } = expected ?? {};
  throw new InputError(`${path} is ${kind.what}: expected ${what}.`, hintFor(kind, path));
}

/**
 * Refuses what is no file and no run.
 *
 * @param path A folder that holds no network and no run, or nothing.
 */
export async function refuseMistakenFolder(path: string): Promise<void> {
  const names = await readdir(path).catch(() => undefined);
  if (names === undefined) {
    throw new InputError(
      `${path} is not a run: there is no such file or folder, and no run of that name.`,
      `Expected ${NETWORKS}.`,
    );
  }
  if (names.includes(SAVED_MODEL)) {
    throw new InputError(`${path} is a SavedModel of TensorFlow: expected ${NETWORKS}.`, SAVED_MODEL_HINT);
  }
  const networks = names.filter((name) => name.endsWith(".onnx") || isKerasFile(name)).sort();
  const weights = names.filter((name) => formatOfName(name) !== undefined).sort();
  if (networks.length + weights.length > 0) {
    throw new InputError(
      `${path} is not a run: it has no config.json and no ${MODEL_FILE}; it holds ${
        [...networks, ...weights].slice(0, 3).join(", ")
      }.`,
      networks.length > 0
        ? `Name the file: ${quoted(`${path}/${networks[0]}`)}`
        : `Import the weights first: repfuse import ${quoted(`${path}/${weights[0]}`)}`,
    );
  }
  if (names.length > 0) return;
  throw new InputError(`${path} is an empty folder: expected ${NETWORKS}.`);
}

/** What a file must be that has such a name. */
function expectedOf(
  path: string,
): { readonly what: string; readonly kinds: readonly KindName[] } | undefined {
  if (path.endsWith(".onnx")) return { what: "an ONNX file", kinds: [] };
  if (path.endsWith(".json")) return { what: `a ${MODEL_FILE} of TensorFlow.js`, kinds: ["json"] };
  if (isKerasFile(path)) return { what: "a model of Keras", kinds: ["hdf5", "zip"] };
  if (formatOfName(path) === undefined) return undefined;
  return { what: "weights of PyTorch", kinds: ["safetensors", "pickle", "zip"] };
}

async function kindOf(path: string): Promise<FileKind | "empty" | undefined> {
  const source = await openFileSource(path, "a network");
  try {
    if (source.length === 0) return "empty";
    return recognizeFile(source.read(0, Math.min(HEAD_BYTES, source.length)));
  } finally {
    source.close();
  }
}

function hintFor({ hint, format, name }: FileKind, path: string): string {
  if (name === "picture") return `A picture goes to: repfuse predict ${quoted(path)} --model NETWORK`;
  return format === undefined ? hint : `Weights are imported first: repfuse import ${quoted(path)}`;
}
