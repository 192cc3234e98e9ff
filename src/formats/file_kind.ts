/**
 * What a file is by its first bytes, whatever its name says: people rename checkpoints, and a download is often something
 * else altogether.
 *
 * @module
 */

/** The formats of weights that are read here. */
export type CheckpointFormat = "safetensors" | "torch";

/** What files are told apart. */
export type KindName =
  | "pointer"
  | "page"
  | "zip"
  | "pickle"
  | "safetensors"
  | "hdf5"
  | "gzip"
  | "tar"
  | "json"
  | "picture"
  | "tflite";

/** What a file was recognized as. */
export interface FileKind {
  readonly name: KindName;
  /** In words: "a Git LFS pointer". */
  readonly what: string;
  /** Which reader may take it; none for what holds no weights. */
  readonly format?: CheckpointFormat;
  /** How to come by the right file. */
  readonly hint: string;
}

/** Bytes of a file that are enough for every signature: that of a tar archive stands last. */
export const HEAD_BYTES = 512;

/** Headers of safetensors beyond this are refused anyway; no other signature reads as so small a length. */
const SAFETENSORS_HEADER_LIMIT = 2n ** 23n;

const IMPORT_IT = "Name it for what it is, or read it as it is: repfuse import takes both formats.";

const TAR_SIGNATURE_AT = 257;
const TFLITE_SIGNATURE_AT = 4;

/** Held against the start of the file, as a text of one character a byte; the first that fits is taken. */
const KINDS: readonly (FileKind & { readonly fits: (head: string) => boolean })[] = [
  {
    name: "pointer",
    what: "a Git LFS pointer, which stands for the file and does not hold it",
    fits: begins("version https://git-lfs"),
    hint: "Fetch the file itself: git lfs pull, or the download link of its web page.",
  },
  {
    name: "page",
    what: "an HTML page, not the file that it links to",
    fits: (head) => /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|!--|\?xml)/i.test(head),
    hint: "Use the direct link: curl -L, or the download button of that page.",
  },
  {
    name: "zip",
    what: "a zip archive, as PyTorch's torch.save writes",
    fits: begins("PK\x03\x04", "PK\x05\x06"),
    format: "torch",
    hint: IMPORT_IT,
  },
  {
    name: "pickle",
    what: "a pickle, as PyTorch before 1.6 writes",
    fits: begins("\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"),
    format: "torch",
    hint: IMPORT_IT,
  },
  {
    name: "hdf5",
    what: "an HDF5 file, as Keras writes",
    fits: begins("\x89HDF\r\n"),
    hint: "repfuse fuse takes the models of Keras, whole, in files named .h5 or .keras.",
  },
  {
    name: "gzip",
    what: "compressed with gzip",
    fits: begins("\x1f\x8b"),
    hint: "Unpack it first: gunzip, or tar -xzf.",
  },
  {
    name: "tar",
    what: "a tar archive",
    fits: (head) => head.startsWith("ustar", TAR_SIGNATURE_AT),
    hint: "Unpack it first: tar -xf. If PyTorch before 0.4 wrote it, load and save it with a newer one.",
  },
  {
    name: "json",
    what: "a JSON text",
    fits: (head) => /^\s*\{\s*"/.test(head),
    hint: "Name the file of the weights; a model.json of TensorFlow.js goes to repfuse fuse.",
  },
  {
    name: "picture",
    what: "a picture",
    fits: (head) => /^(?:\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|BM....\0\0\0\0)/s.test(head),
    hint: "repfuse predict takes pictures (JPEG, PNG, WebP, AVIF, GIF, BMP), and a network by --model.",
  },
  {
    name: "tflite",
    what: "a TFLite model",
    fits: (head) => head.startsWith("TFL3", TFLITE_SIGNATURE_AT),
    hint:
      "It is not read here: name the model that it was converted from, a model.json, .keras, .h5 or .onnx.",
  },
];

/**
 * What the file is; undefined when nothing is recognized.
 *
 * @param bytes Its first {@link HEAD_BYTES}, or more.
 */
export function recognizeFile(bytes: Uint8Array): FileKind | undefined {
  if (isSafetensors(bytes)) {
    return { name: "safetensors", what: "a safetensors file", format: "safetensors", hint: IMPORT_IT };
  }
  const head = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
  return KINDS.find(({ fits }) => fits(head));
}

function begins(...signatures: readonly string[]): (head: string) => boolean {
  return (head) => signatures.some((signature) => head.startsWith(signature));
}

/** A small length, and a JSON object where it says. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length <= 8 || bytes[8] !== 0x7b) return false;
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true) <= SAFETENSORS_HEADER_LIMIT;
}
