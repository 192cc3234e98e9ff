/**
 * Zip archives in memory: the entries of the central directory, stored or deflated. Nothing is written to a disk, and no
 * length is believed before the bytes are there.
 *
 * Reference: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 *
 * @module
 */
import { inflateRawSync } from "node:zlib";
import { InputError } from "../../errors.ts";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/** Bytes of the fixed parts. */
const [LOCAL_BYTES, CENTRAL_BYTES, END_BYTES] = [30, 46, 22];

const MAX_COMMENT_BYTES = 0xffff;
const IN_ZIP64 = 0xffffffff;
const ENCRYPTED = 1;
const [STORED, DEFLATED] = [0, 8];

/** What deflate makes of a byte at most (RFC 1951: 258 bytes for two bits). */
const MAX_RATIO = 1032;

/** Whether bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === LOCAL;
}

/**
 * The entries of an archive by name; each is unpacked when it is asked for.
 *
 * @param path Names the file in errors.
 * @throws {InputError} when the archive is cut or damaged, or an entry has a name that leads out of it.
 */
export function readZip(bytes: Uint8Array, path: string): ReadonlyMap<string, () => Uint8Array> {
  const fail = (what: string): never => {
    throw new InputError(`Cannot read ${path}: as a zip archive, ${what}.`, "Save or download it again.");
  };
  const view = viewOf(bytes);
  const end = endRecord(view);
  if (end === undefined) return fail("it has no directory at its end: it was cut");
  const count = view.getUint16(end + 10, true);
  const entries = new Map<string, () => Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL) {
      return fail(`its directory promises ${count} entries, and entry ${i} is not one`);
    }
    const [packed, size] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + CENTRAL_BYTES + nameLength! + extra! + comment!;
    if (next > end) return fail(`entry ${i} of its directory goes on behind the directory`);
    const name = new TextDecoder().decode(
      bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameLength!),
    );
    if (leadsOut(name)) return fail(`its entry ${JSON.stringify(name)} lies outside of the archive`);
    if (entries.has(name)) return fail(`it holds ${JSON.stringify(name)} twice`);
    const [flags, method, local] = [
      view.getUint16(at + 8, true),
      view.getUint16(at + 10, true),
      view.getUint32(at + 42, true),
    ];
    entries.set(name, () => {
      const what = `its entry ${JSON.stringify(name)}`;
      if ((flags & ENCRYPTED) !== 0) return fail(`${what} is encrypted`);
      if ([packed, size, local].includes(IN_ZIP64)) return fail(`${what} is larger than 4 GiB`);
      if (local + LOCAL_BYTES > bytes.length || view.getUint32(local, true) !== LOCAL) {
        return fail(`${what} does not begin at byte ${local}`);
      }
      const start = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
      if (start + packed > bytes.length) return fail(`${what} goes on behind the end of the file`);
      const data = bytes.subarray(start, start + packed);
      if (method === STORED && packed === size) return data;
      if (method !== DEFLATED) return fail(`${what} is packed by method ${method} into ${packed} bytes`);
      if (size > MAX_RATIO * packed) return fail(`${what} of ${packed} bytes claims to hold ${size}`);
      const unpacked = inflated(data, size);
      return unpacked?.length === size ? unpacked : fail(`${what} is damaged`);
    });
    at = next;
  }
  return entries;
}

/** Nothing where the data is no deflate stream, or longer than promised. */
function inflated(data: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(size, 1) });
  } catch {
    return undefined;
  }
}

function leadsOut(name: string): boolean {
  return /^([/\\]|[A-Za-z]:)/.test(name) || name.split(/[/\\]/).includes("..");
}

/** The last end record whose comment ends with the file. */
function endRecord(view: DataView): number | undefined {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (
      view.getUint32(at, true) === END && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength
    ) {
      return at;
    }
  }
  return undefined;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
