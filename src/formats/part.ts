/**
 * An operation that a layer or a node consists of, before it has a place in a graph.
 *
 * @module
 */
import type { Operation, Shape } from "../graph/graph.ts";

/** `Omit` for each member of a union by itself. */
type OmitEach<T, Keys extends PropertyKey> = T extends unknown ? Omit<T, Keys> : never;

/** An operation without its name and its values, and the shape of what it gives. */
export type Part = OmitEach<Operation, "name" | "inputs" | "outputs" | "origin"> & { readonly shape: Shape };
