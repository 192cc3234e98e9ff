/**
 * The chunks of a PNG file (ISO/IEC 15948), and the file that they make without what a decoder may stumble on: notes, profiles and
 * their faults, a palette's transparency that is too long, interlacing. What is left is the picture alone.
 *
 * @module
 */
import { joinBytes } from "../files/join_bytes.ts";
import { deflateSync, inflateSync } from "node:zlib";

/** A chunk: its type, and its place in the file. */
export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Whether its checksum is right. */
  readonly isWhole: boolean;
}

/** The fields of IHDR. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly isInterlaced: boolean;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const CRITICAL: ReadonlySet<string> = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);

const PALETTE = 3;

/** Samples of the colour types that may have one transparent colour. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3 };

/** The seven passes of Adam7: first column and row, then the distances (section 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** What ends a chunk's type and data: CRC-32. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/**
 * The file of the picture alone.
 *
 * @param chunks From IHDR to IEND.
 * @throws {Error} when the pixels of an interlaced picture are damaged.
 */
export function pictureAlone(chunks: readonly Chunk[]): Uint8Array {
  const header = readHeader(chunks[0]!.data);
  const colours = (chunks.find(({ type }) => type === "PLTE")?.data.length ?? 0) / 3;
  const kept = chunks.flatMap((chunk) => {
    if (CRITICAL.has(chunk.type)) return [chunk];
    if (chunk.type !== "tRNS" || !chunk.isWhole) return [];
    return header.colourType === PALETTE ? [{ ...chunk, data: chunk.data.subarray(0, colours) }] : [];
  });
  return encode(header.isInterlaced && header.depth < 8 ? withoutInterlacing(header, kept) : kept);
}

/** The one colour that is transparent, sample by sample, where the picture has no palette. */
export function transparentColour(chunks: readonly Chunk[]): Uint16Array | undefined {
  const samples = SAMPLES[readHeader(chunks[0]!.data).colourType];
  const data = chunks.find(({ type, isWhole }) => type === "tRNS" && isWhole)?.data;
  if (samples === undefined || data === undefined || data.length < 2 * samples) return undefined;
  return Uint16Array.from({ length: samples }, (_, i) => data[2 * i]! << 8 | data[2 * i + 1]!);
}

function readHeader(data: Uint8Array): Header {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [depth, colourType, , , interlacing] = data.subarray(8) as unknown as number[];
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    colourType: colourType!,
    isInterlaced: interlacing === 1,
  };
}

/** The same pixels row by row. Below 8 bits a pixel has one sample. */
function withoutInterlacing({ width, height, depth }: Header, chunks: readonly Chunk[]): Chunk[] {
  const packed = joinBytes(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const rowBytes = (pixels: number) => Math.ceil(pixels * depth / 8);
  const length = PASSES.reduce((sum, pass) => {
    const [columns, rows] = passSize(width, height, pass);
    return sum + (columns === 0 ? 0 : rows * (1 + rowBytes(columns)));
  }, 0);
  const data = new Uint8Array(inflateSync(packed, { maxOutputLength: length + 1 }));
  if (data.length < length) throw new Error(`its pixels are ${data.length} bytes, expected ${length}`);
  const stride = 1 + rowBytes(width);
  const result = new Uint8Array(stride * height);
  const mask = 2 ** depth - 1;
  let at = 0;
  for (const pass of PASSES) {
    const [columns, rows] = passSize(width, height, pass);
    if (columns === 0) continue;
    let above = new Uint8Array(rowBytes(columns));
    for (let row = 0; row < rows; row++) {
      const line = data.slice(at + 1, at + 1 + above.length);
      unfilter(data[at]!, line, above);
      for (let column = 0; column < columns; column++) {
        const bit = column * depth;
        const sample = line[bit >> 3]! >> (8 - depth - (bit & 7)) & mask;
        const to = (pass[0] + column * pass[2]) * depth;
        result[(pass[1] + row * pass[3]) * stride + 1 + (to >> 3)]! |= sample << (8 - depth - (to & 7));
      }
      above = line;
      at += 1 + line.length;
    }
  }
  const header = chunks[0]!.data.slice();
  header[12] = 0;
  const pixels: Chunk = { type: "IDAT", data: deflateSync(result), isWhole: true };
  const first = chunks.findIndex(({ type }) => type === "IDAT");
  return chunks.flatMap((chunk, i) => {
    if (chunk.type === "IHDR") return [{ ...chunk, data: header }];
    return chunk.type !== "IDAT" ? [chunk] : i === first ? [pixels] : [];
  });
}

function passSize(width: number, height: number, [x, y, dx, dy]: (typeof PASSES)[number]): [number, number] {
  return [Math.max(0, Math.ceil((width - x) / dx)), Math.max(0, Math.ceil((height - y) / dy))];
}

/** Undoes a row's filter in place (section 9); a pixel is at most a byte here. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array): void {
  for (let i = 0; i < line.length; i++) {
    const [left, up, corner] = [line[i - 1] ?? 0, above[i]!, above[i - 1] ?? 0];
    line[i]! += predicted(filter, left, up, corner);
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return left + up >> 1;
    case 4: {
      const estimate = left + up - corner;
      const [a, b, c] = [left, up, corner].map((value) => Math.abs(estimate - value)) as [
        number,
        number,
        number,
      ];
      return a <= b && a <= c ? left : b <= c ? up : corner;
    }
    default:
      throw new Error(`a row has the filter ${filter}`);
  }
}

function encode(chunks: readonly Chunk[]): Uint8Array {
  return joinBytes([
    SIGNATURE,
    ...chunks.map(({ type, data, isWhole }) => {
      const bytes = new Uint8Array(12 + data.length);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, data.length);
      bytes.set(new TextEncoder().encode(type), 4);
      bytes.set(data, 8);
      // A wrong checksum stays wrong, for the decoder to find.
      view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)) ^ (isWhole ? 0 : 1));
      return bytes;
    }),
  ]);
}
