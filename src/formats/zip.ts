/**
 * Zip archives, which PyTorch and Keras pack their files into. A stored entry is read where it lies in the file; a deflated one
 * is unpacked. Both when it is asked for. What the directory says of lengths and places is held against the file first; entries
 * may neither overlap nor be named out of the archive.
 * Reference: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, with ZIP64.
 *
 * @module
 */
import { inflateRawSync } from "node:zlib";
import { type ByteSource, byteSource, sliceSource } from "../files/byte_source.ts";
import { type Refuse, shown } from "./refuse.ts";

/** An entry's place in the archive. */
interface Entry {
  readonly method: number;
  /** Bytes when it is unpacked. */
  readonly length: number;
  /** The whole entry, with its local header. */
  readonly begin: number;
  readonly end: number;
  /** As it is packed. */
  readonly data: ByteSource;
}

/** An archive whose directory was checked. */
export class ZipArchive {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #refuse: Refuse;

  /** @param file The whole file, which begins as a zip does. */
  constructor(file: Uint8Array | ByteSource, refuse: Refuse) {
    this.#refuse = refuse;
    this.#entries = readDirectory(byteSource(file), refuse);
  }

  /** Names of the entries, in the order of the directory. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Whether an entry is there, and not stored as it is. */
  isCompressed(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry !== undefined && entry.method !== STORED;
  }

  /** The bytes of an entry, in place where it is stored; undefined when there is none of that name. */
  get(name: string): Uint8Array | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (entry.method === STORED) return entry.data.read(0, entry.length);
    const what = `its entry ${shown(name)}`;
    const { method, length, data } = entry;
    if (method !== DEFLATED) return this.#refuse(`${what} is packed by method ${method}`);
    if (length > MAX_RATIO * data.length) {
      return this.#refuse(`${what} of ${data.length} bytes claims to hold ${length}`);
    }
    const unpacked = inflated(data.read(0, data.length), length);
    return unpacked?.length === length ? unpacked : this.#refuse(`${what} is damaged`);
  }

  /** An entry that is not compressed, to be read part by part; undefined when there is none of that name. */
  stored(name: string): ByteSource | undefined {
    const entry = this.#entries.get(name);
    return entry?.method === STORED ? entry.data : undefined;
  }
}

/** Whether bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === LOCAL;
}

const [STORED, DEFLATED] = [0, 8];

/** What deflate makes of a byte at most (RFC 1951: 258 bytes for two bits). */
const MAX_RATIO = 1032;

/** Signatures, little-endian. */
const [LOCAL, CENTRAL, END, END_64, LOCATOR_64] = [
  0x04034b50,
  0x02014b50,
  0x06054b50,
  0x06064b50,
  0x07064b50,
];

/** Bytes of the fixed parts. */
const [LOCAL_BYTES, CENTRAL_BYTES, END_BYTES, END_64_BYTES, LOCATOR_64_BYTES] = [30, 46, 22, 56, 20];

/** The longest comment behind the end record. */
const MAX_COMMENT = 0xffff;

/** What a field holds whose value stands in the ZIP64 record. */
const [IN_64, COUNT_IN_64] = [0xffffffff, 0xffff];

const ZIP64_EXTRA = 1;

const ENCRYPTED = 1;

/** A window on the file in which every read is checked. */
class Reader {
  constructor(readonly file: ByteSource, readonly refuse: Refuse) {}

  u16(at: number): number {
    return this.#view(at, 2).getUint16(0, true);
  }

  u32(at: number): number {
    return this.#view(at, 4).getUint32(0, true);
  }

  u64(at: number): number {
    return Number(this.#view(at, 8).getBigUint64(0, true));
  }

  slice(at: number, length: number): ByteSource {
    this.check(at, length);
    return sliceSource(this.file, at, at + length);
  }

  check(at: number, length: number): void {
    if (at >= 0 && at + length <= this.file.length) return;
    this.refuse(`its zip directory points to byte ${at + length} of a file of ${this.file.length}`);
  }

  #view(at: number, length: number): DataView {
    this.check(at, length);
    const { buffer, byteOffset } = this.file.read(at, at + length);
    return new DataView(buffer, byteOffset, length);
  }
}

function readDirectory(file: ByteSource, refuse: Refuse): Map<string, Entry> {
  const reader = new Reader(file, refuse);
  const { count, begin, length } = findDirectory(reader);
  reader.check(begin, length);
  if (count * CENTRAL_BYTES > length) {
    refuse(`its zip directory of ${length} bytes claims ${count} entries`);
  }
  const entries = new Map<string, Entry>();
  const end = begin + length;
  let at = begin;
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || reader.u32(at) !== CENTRAL) {
      refuse(`entry ${i} of its zip directory is not one`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => reader.u16(at + field));
    const next = at + CENTRAL_BYTES + nameLength! + extraLength! + commentLength!;
    if (next > end) refuse(`entry ${i} of its zip directory ends behind the directory`);
    const name = new TextDecoder().decode(reader.slice(at + CENTRAL_BYTES, nameLength!).read(0, nameLength!));
    if (leadsOut(name)) refuse(`its entry ${shown(name)} lies outside of the archive`);
    if (entries.has(name)) refuse(`its zip directory holds ${shown(name)} twice`);
    entries.set(name, readEntry(reader, at, name, begin));
    at = next;
  }
  checkOverlaps(entries, refuse);
  return entries;
}

/** One entry, by its record in the directory. */
function readEntry(reader: Reader, record: number, name: string, directory: number): Entry {
  const what = `its entry ${shown(name)}`;
  if (reader.u16(record + 8) & ENCRYPTED) reader.refuse(`${what} is encrypted`);
  const method = reader.u16(record + 10);
  const [packed, length, begin] = sizes(reader, record, what);
  if (method === STORED && packed !== length) {
    reader.refuse(`${what} is stored in ${packed} bytes and claims ${length}`);
  }
  if (reader.u32(begin) !== LOCAL) {
    reader.refuse(`${what} does not begin at byte ${begin}, as its directory says`);
  }
  const start = begin + LOCAL_BYTES + reader.u16(begin + 26) + reader.u16(begin + 28);
  const end = start + packed;
  if (!(end <= directory)) {
    reader.refuse(`${what} claims the bytes up to ${end}, and the directory begins at byte ${directory}`);
  }
  return { method, length, begin, end, data: reader.slice(start, packed) };
}

/** Stored length, plain length and place, from the record or from its ZIP64 field. */
function sizes(
  reader: Reader,
  record: number,
  what: string,
): [packed: number, length: number, begin: number] {
  const extra = record + CENTRAL_BYTES + reader.u16(record + 28);
  const end = extra + reader.u16(record + 30);
  let field = findExtra(reader, extra, end);
  const read = (at: number): number => {
    const value = reader.u32(record + at);
    if (value !== IN_64) return value;
    if (field === undefined || field.at + 8 > field.end) {
      return reader.refuse(`${what} has a length or a place that does not stand in its ZIP64 field`);
    }
    const { at: place } = field;
    field = { ...field, at: place + 8 };
    return reader.u64(place);
  };
  // In the field, the plain length comes first.
  const length = read(24);
  return [read(20), length, read(42)];
}

function findExtra(reader: Reader, begin: number, end: number): { at: number; end: number } | undefined {
  for (let at = begin; at + 4 <= end;) {
    const next = at + 4 + reader.u16(at + 2);
    if (reader.u16(at) === ZIP64_EXTRA && next <= end) return { at: at + 4, end: next };
    at = next;
  }
  return undefined;
}

/** Where the directory is, by the end record: the last in the file whose comment ends with the file. */
function findDirectory(reader: Reader): { count: number; begin: number; length: number } {
  const { file, refuse } = reader;
  const first = Math.max(0, file.length - END_BYTES - MAX_COMMENT);
  let end = file.length - END_BYTES;
  while (
    end >= first && !(reader.u32(end) === END && end + END_BYTES + reader.u16(end + 20) === file.length)
  ) {
    end--;
  }
  if (end < first) {
    return refuse("it begins as a zip archive and has no directory at its end: the file is cut");
  }
  const [count, length, begin] = [reader.u16(end + 10), reader.u32(end + 12), reader.u32(end + 16)];
  if (count !== COUNT_IN_64 && length !== IN_64 && begin !== IN_64) return { count, begin, length };
  const locator = end - LOCATOR_64_BYTES;
  if (locator < 0 || reader.u32(locator) !== LOCATOR_64) return { count, begin, length };
  const end64 = reader.u64(locator + 8);
  reader.check(end64, END_64_BYTES);
  if (reader.u32(end64) !== END_64) return refuse(`its ZIP64 record does not stand at byte ${end64}`);
  return { count: reader.u64(end64 + 32), length: reader.u64(end64 + 40), begin: reader.u64(end64 + 48) };
}

function leadsOut(name: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(name) || name.split(/[/\\]/).includes("..");
}

/** Nothing where the data is no deflate stream, or longer than promised. */
function inflated(data: Uint8Array, length: number): Uint8Array | undefined {
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(length, 1) });
  } catch {
    return undefined;
  }
}

function checkOverlaps(entries: ReadonlyMap<string, Entry>, refuse: Refuse): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.begin - b.begin);
  sorted.forEach(([name, { begin }], i) => {
    const [before, entry] = sorted[i - 1] ?? [];
    if (entry !== undefined && begin < entry.end) {
      refuse(`its entries ${shown(before!)} and ${shown(name)} overlap at byte ${begin}`);
    }
  });
}
