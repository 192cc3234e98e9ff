/**
 * The table of `assembly/update_variables.as`: many variables cut into pieces, so that threads share them evenly.
 *
 * @module
 */
import { allocateTensor, byteOffset, heapMemory, type TensorInfo, type WasmBackend } from "../heap.ts";

/** Floats of one piece. */
const PIECE_FLOATS = 4096;
/** Addresses in one row, in the order of {@link TableEntry.tensors}. */
const ADDRESSES = 5;
/** Words of one row: count, flag and addresses. */
const ROW_WORDS = 2 + ADDRESSES;

/** Up to five tensors of one shape that are worked on together. */
export interface TableEntry {
  /** What each is, the kernel says. */
  readonly tensors: readonly TensorInfo[];
  /** Whether the L2 decay applies. */
  readonly decays: boolean;
}

/** A table in the heap. Dispose its tensor. */
export interface Table {
  /** Holds the rows. */
  readonly tensor: TensorInfo;
  /** Byte offset of the first row. */
  readonly offset: number;
  /** Rows. */
  readonly units: number;
}

/** Writes a table into a fresh tensor. */
export function writeTable(backend: WasmBackend, entries: readonly TableEntry[]): Table {
  const words: number[] = [];
  for (const { tensors, decays } of entries) {
    const offsets = tensors.map((tensor) => byteOffset(backend, tensor));
    const size = tensors[0]!.shape.reduce((product, length) => product * length, 1);
    for (let start = 0; start < size; start += PIECE_FLOATS) {
      words.push(Math.min(PIECE_FLOATS, size - start), Number(decays));
      for (let which = 0; which < ADDRESSES; which++) {
        words.push((offsets[which] ?? 0) + start * Float32Array.BYTES_PER_ELEMENT);
      }
    }
  }
  const tensor = allocateTensor(backend, [words.length]);
  const offset = byteOffset(backend, tensor);
  new Int32Array(heapMemory(backend).buffer, offset, words.length).set(words);
  return { tensor, offset, units: words.length / ROW_WORDS };
}
