/**
 * The ways to compute a value: one convolution, a sum that stays a sum, or the layer that was there.
 *
 * @module
 */
import type { Refusal } from "../graph/refusal.ts";
import type { Affine } from "./affine.ts";
import type { Cost } from "./cost.ts";
import type { Op, Value } from "./values.ts";

/** One convolution that computes a value. */
export interface Plan {
  /** The value that it reads. */
  readonly source: Value;
  readonly map: Affine;
  /** How many of the source's readers it stands for. */
  readonly uses: number;
  /** The steps that it merges, in order. */
  readonly ops: readonly Op[];
  /** What need not be computed because the plan goes through it and beyond. */
  readonly saved: Cost;
}

/** The terms of an addition that stays: each a value or several merged into one. */
export type Term = { readonly value: Value } | { readonly plans: readonly Plan[] };

/** The cheapest way to a value. */
export type Best =
  | { readonly kind: "plan"; readonly plan: Plan; readonly cost: Cost }
  | { readonly kind: "sum"; readonly terms: readonly Term[]; readonly cost: Cost }
  /** It is made by a layer that stays as it is. */
  | { readonly kind: "given"; readonly cost: Cost };

/** A merge that a law forbids. */
export interface Refused {
  /** The step that did not merge. */
  readonly op: Op;
  /** What it would have merged with. */
  readonly partners: readonly Op[];
  readonly refusal: Refusal;
}
