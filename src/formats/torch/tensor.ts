/**
 * Storages and the tensors that are views of them. Many tensors may share one storage, each with an offset and strides, all
 * in elements: element (i, j, …) of a tensor is number `offset + i·strides[0] + j·strides[1] + …` of its storage.
 *
 * @module
 */
import { type ByteSource, byteSource } from "../../files/byte_source.ts";
import { gatherStrided } from "../permute.ts";
import type { Dtype, RawTensor } from "../safetensors/write.ts";
import type { Element } from "./elements.ts";
import type { Refuse } from "../refuse.ts";

/** A storage that a pickle asks for; its bytes are found after the pickle was read. */
export class TorchStorage {
  /** Set once the file's own word for its length has been checked. */
  bytes: ByteSource = byteSource(new Uint8Array(0));

  /**
   * A storage without bytes yet.
   *
   * @param key Its name in the file.
   * @param count Of elements.
   */
  constructor(readonly key: string, readonly element: Element, readonly count: number) {}
}

/** Where a tensor's elements lie in its storage, in elements. */
export interface View {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Axes of a tensor; PyTorch's own limit. */
export const MAX_RANK = 64;

/** Of them, in messages. */
const MAX_SHOWN = 8;

/**
 * A view with strides of 0 says many numbers in few bytes. Up to this many elements it is a constant that somebody expanded;
 * beyond that and its storage's own, it is refused.
 */
const MAX_REPEATED = 2 ** 16;

/** One tensor. */
export class TorchTensor {
  /**
   * A view of a storage.
   *
   * @param element Of the tensor; for an untyped storage, its own says nothing.
   */
  constructor(readonly storage: TorchStorage, readonly element: Element, readonly view: View) {}

  /** As the other formats have it; `data` is made when it is asked for, and not kept. Undefined for other dtypes. */
  raw(): RawTensor | undefined {
    const { element: { dtype } } = this;
    return dtype === undefined ? undefined : new StoredTensor(this, dtype);
  }
}

/** A tensor whose elements stay where they are in the file until somebody asks for them. */
class StoredTensor implements RawTensor {
  readonly #tensor: TorchTensor;

  constructor(tensor: TorchTensor, readonly dtype: Dtype) {
    this.#tensor = tensor;
  }

  get shape(): readonly number[] {
    return this.#tensor.view.shape;
  }

  get data(): Uint8Array {
    const { storage: { bytes }, element, view } = this.#tensor;
    return isContiguous(view)
      ? bytes.read(view.offset * element.bytes, (view.offset + elementCount(view.shape)) * element.bytes)
      : gather(bytes, element.bytes, view);
  }
}

/**
 * Checks that a view lies in its storage.
 *
 * @param view Of at most {@link MAX_RANK} axes.
 * @param available Elements in the storage.
 */
export function checkView(view: View, available: number, refuse: Refuse): void {
  const { offset, shape, strides } = view;
  const what = `a tensor of shape ${list(shape)}, strides ${list(strides)} and offset ${offset}`;
  if (shape.length !== strides.length) {
    refuse(`${what} has ${shape.length} axes and ${strides.length} strides`);
  }
  const count = elementCount(shape);
  if (count === 0) return;
  const last = shape.reduce((end, size, axis) => end + (size - 1) * strides[axis]!, offset);
  if (!(last < available)) {
    refuse(`${what} reaches element ${last} of a storage of ${available}`);
  }
  if (!(count <= Math.max(available, MAX_REPEATED))) {
    refuse(`${what} says ${count} elements in a storage of ${available}`);
  }
}

function list(sizes: readonly number[]): string {
  return `[${sizes.slice(0, MAX_SHOWN)}${sizes.length > MAX_SHOWN ? ",…" : ""}]`;
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether the elements lie one after the other, in row-major order. The stride of an axis of length 1 says nothing. */
function isContiguous({ shape, strides }: View): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== expected) return elementCount(shape) === 0;
    expected *= shape[axis]!;
  }
  return true;
}

/** The elements in row-major order. They are moved as bits: 8 bytes as two words, on an axis of their own. */
function gather(bytes: ByteSource, elementBytes: number, view: View): Uint8Array {
  const words = elementBytes === 8 ? 2 : 1;
  const shape = [...view.shape, words];
  const strides = [...view.strides.map((stride) => stride * words), 1];
  const last = view.shape.reduce((end, size, axis) => end + (size - 1) * view.strides[axis]!, view.offset);
  const source = asWords(
    bytes.read(view.offset * elementBytes, (last + 1) * elementBytes).slice(),
    elementBytes,
  );
  const data = new Uint8Array(elementCount(view.shape) * elementBytes);
  const target = asWords(data, elementBytes);
  gatherStrided(target, source, shape, strides);
  return data;
}

function asWords({ buffer }: Uint8Array, elementBytes: number): Uint8Array | Uint16Array | Uint32Array {
  if (elementBytes === 1) return new Uint8Array(buffer);
  return elementBytes === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}
