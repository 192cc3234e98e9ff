/**
 * What a pickle may build: plain values, containers, tensors, and placeholders for what is data of another program. Nothing
 * here can be run.
 *
 * @module
 */
import type { TorchStorage, TorchTensor } from "./tensor.ts";

/** Any value. Tuples, lists and sets are arrays; dictionaries are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Global
  | Inert
  | TorchStorage
  | TorchTensor;

/** A name that a pickle asked for and that is known here. */
export class Global {
  /**
   * A known name.
   *
   * @param name "collections.OrderedDict"
   * @param call What stands for calling it; it only arranges its arguments.
   */
  constructor(readonly name: string, readonly call: (args: readonly PickleValue[]) => PickleValue) {}
}

/** Stands for an object that holds data and no weights: a NumPy array, a namespace of settings. Its content is dropped. */
export class Inert {
  /** @param name Of its class. */
  constructor(readonly name: string) {}
}
