/**
 * What a file is by its first bytes, whatever its name says: people rename checkpoints, and a download is often something
 * else altogether.
 *
 * @module
 */

/** The formats of weights that are read here. */
export type CheckpointFormat = "safetensors" | "torch";

/** What a file was recognized as. */
export interface FileKind {
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

/** Held against the start of the file, as a text of one character a byte; the first that fits is taken. */
const KINDS: readonly (FileKind & { readonly fits: (head: string) => boolean })[] = [
  {
    what: "a Git LFS pointer, which stands for the file and does not hold it",
    fits: begins("version https://git-lfs"),
    hint: "Fetch the file itself: git lfs pull, or the download link of its web page.",
  },
  {
    what: "an HTML page, not the file that it links to",
    fits: (head) => /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|!--|\?xml)/i.test(head),
    hint: "Use the direct link: curl -L, or the download button of that page.",
  },
  {
    what: "a zip archive, as PyTorch's torch.save writes",
    fits: begins("PK\x03\x04", "PK\x05\x06"),
    format: "torch",
    hint: IMPORT_IT,
  },
  {
    what: "a pickle, as PyTorch before 1.6 writes",
    fits: begins("\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"),
    format: "torch",
    hint: IMPORT_IT,
  },
  {
    what: "an HDF5 file, as Keras writes",
    fits: begins("\x89HDF\r\n"),
    hint: "repfuse fuse takes the models of Keras, whole, in files named .h5 or .keras.",
  },
  {
    what: "compressed with gzip",
    fits: begins("\x1f\x8b"),
    hint: "Unpack it first: gunzip, or tar -xzf.",
  },
  {
    what: "a tar archive",
    fits: (head) => head.startsWith("ustar", TAR_SIGNATURE_AT),
    hint: "Unpack it first: tar -xf. If PyTorch before 0.4 wrote it, load and save it with a newer one.",
  },
  {
    what: "a JSON text",
    fits: (head) => /^\s*\{\s*"/.test(head),
    hint: "Name the file of the weights; a model.json of TensorFlow.js goes to repfuse fuse.",
  },
];

/**
 * What the file is; undefined when nothing is recognized.
 *
 * @param bytes Its first {@link HEAD_BYTES}, or more.
 */
export function recognizeFile(bytes: Uint8Array): FileKind | undefined {
  if (isSafetensors(bytes)) return { what: "a safetensors file", format: "safetensors", hint: IMPORT_IT };
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
