/**
 * Reading safetensors strictly. The bytes of a tensor are read when they are asked for. A file that lies about itself is refused before anything is allocated for it.
 * Reference: https://github.com/huggingface/safetensors#format
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import {
  byteLength,
  type Dtype,
  DTYPE_BYTES,
  LENGTH_BYTES,
  METADATA_KEY,
  type RawTensor,
  type SafetensorsContent,
} from "./write.ts";
import { type ByteSource, byteSource, sliceSource } from "../../files/byte_source.ts";
import { HEAD_BYTES, recognizeFile } from "../file_kind.ts";
import { findDuplicateKey } from "./duplicate_keys.ts";

const DAMAGED = "Fetch or export the file again; it is damaged, or it is in another format.";

/** Room for some 60,000 tensors. The reference implementation allows 100 MB, which is long to parse. */
export const MAX_HEADER_BYTES = 8 * 2 ** 20;

/**
 * The content of a safetensors file.
 *
 * @param file The whole file. It stays in use: tensors are views of its bytes, or read from it.
 * @param name Of the file, for the message.
 * @throws {InputError} when anything about the file is not as the format says, with the reason.
 */
export function readSafetensors(
  file: Uint8Array | ByteSource,
  name = "the safetensors file",
): SafetensorsContent {
  const source = byteSource(file);
  const refuse = (reason: string, hint = DAMAGED): never => {
    throw new InputError(`Cannot read ${name} as safetensors: ${reason}.`, hint);
  };
  const kind = recognizeFile(source.read(0, Math.min(HEAD_BYTES, source.length)));
  if (kind !== undefined && kind.format !== "safetensors") refuse(`it is ${kind.what}`, kind.hint);
  const { header, buffer } = splitFile(source, refuse);
  const { [METADATA_KEY]: metadata, ...entries } = header;
  const tensors = new Map<string, RawTensor>();
  const spans: Span[] = [];
  for (const [tensorName, entry] of Object.entries(entries)) {
    const { dtype, shape, begin, end } = checkEntry(tensorName, entry, buffer.length, refuse);
    tensors.set(tensorName, storedTensor(dtype, shape, sliceSource(buffer, begin, end)));
    spans.push({ name: tensorName, begin, end });
  }
  checkSpans(spans, buffer.length, refuse);
  return { tensors, metadata: checkMetadata(metadata, refuse) };
}

/** A tensor whose elements stay where they are in the file until somebody asks for them. */
function storedTensor(dtype: Dtype, shape: readonly number[], source: ByteSource): RawTensor {
  return {
    dtype,
    shape,
    get data() {
      return source.read(0, source.length);
    },
  };
}

/** Throws with the reason. */
type Refuse = (reason: string) => never;

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

function splitFile(
  file: ByteSource,
  refuse: Refuse,
): { header: Record<string, unknown>; buffer: ByteSource } {
  if (file.length < LENGTH_BYTES) {
    return refuse(`it is ${file.length} bytes long, expected at least ${LENGTH_BYTES}`);
  }
  const length = file.read(0, LENGTH_BYTES);
  const headerLength = new DataView(length.buffer, length.byteOffset).getBigUint64(0, true);
  if (headerLength > MAX_HEADER_BYTES) {
    return refuse(`its header claims ${headerLength} bytes, expected at most ${MAX_HEADER_BYTES}`);
  }
  const start = LENGTH_BYTES + Number(headerLength);
  if (start > file.length) {
    const there = file.length - LENGTH_BYTES;
    return refuse(`its header claims ${headerLength} bytes and ${there} are there: the file is cut`);
  }
  const header = parseHeader(file.read(LENGTH_BYTES, start), refuse);
  return { header, buffer: sliceSource(file, start, file.length) };
}

function parseHeader(bytes: Uint8Array, refuse: Refuse): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("its header is not UTF-8");
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    return refuse(`its header is not JSON (${error instanceof Error ? error.message : error})`);
  }
  if (!text.startsWith("{") || !isRecord(header)) return refuse("its header is not a JSON object");
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) return refuse(`its header holds the name ${JSON.stringify(duplicate)} twice`);
  return header;
}

function checkEntry(name: string, entry: unknown, bufferLength: number, refuse: Refuse) {
  const what = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(entry)) return refuse(`${what} is not described by an object`);
  const { dtype, shape, data_offsets: offsets, ...unknown } = entry;
  const [unknownKey] = Object.keys(unknown);
  if (unknownKey !== undefined) return refuse(`${what} has an unknown key ${JSON.stringify(unknownKey)}`);
  if (!isDtype(dtype)) {
    const known = Object.keys(DTYPE_BYTES).join(", ");
    return refuse(`${what} has dtype ${JSON.stringify(dtype)}, expected one of ${known}`);
  }
  if (!isCounts(shape)) return refuse(`${what} has shape ${JSON.stringify(shape)}, expected a list of sizes`);
  const [begin, end, ...more] = isCounts(offsets) ? offsets : [];
  if (begin === undefined || end === undefined || more.length > 0 || begin > end) {
    return refuse(`${what} has data_offsets ${JSON.stringify(offsets)}, expected [begin, end]`);
  }
  if (end > bufferLength) {
    return refuse(
      `${what} ends at byte ${end} of the data, which has ${bufferLength}: the file is cut, or lies`,
    );
  }
  const expected = byteLength(dtype, shape);
  if (end - begin !== expected) {
    return refuse(`${what} has ${end - begin} bytes, but ${dtype} [${shape}] takes ${expected}`);
  }
  return { dtype, shape, begin, end };
}

/** The tensors must cover the data, each byte once. */
function checkSpans(spans: Span[], bufferLength: number, refuse: Refuse): void {
  let covered = 0;
  let before = "the start";
  for (const { name, begin, end } of spans.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered) refuse(`tensors ${JSON.stringify(name)} and ${before} overlap at byte ${begin}`);
    if (begin > covered) {
      refuse(`bytes ${covered} to ${begin} of the data, after ${before}, belong to no tensor`);
    }
    covered = end;
    before = JSON.stringify(name);
  }
  if (covered < bufferLength) refuse(`${bufferLength - covered} bytes at the end belong to no tensor`);
}

function checkMetadata(metadata: unknown, refuse: Refuse): Record<string, string> {
  if (metadata === undefined) return {};
  if (isRecord(metadata) && Object.values(metadata).every((value) => typeof value === "string")) {
    return metadata as Record<string, string>;
  }
  return refuse(`its ${METADATA_KEY} is not an object of strings`);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(DTYPE_BYTES, value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
