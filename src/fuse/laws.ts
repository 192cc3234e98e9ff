/**
 * The algebra as one object, so that the pass is a function of its laws and a test can hand it a broken one.
 *
 * @module
 */
import { add } from "./add.ts";
import { averagePool, batchNorm, convolution, identity, scale, zeroPadding } from "./affine.ts";
import { place } from "./channels.ts";
import { compose } from "./compose.ts";

/** The maps that layers become, and the laws that join them. */
export interface Laws {
  readonly convolution: typeof convolution;
  readonly identity: typeof identity;
  readonly zeroPadding: typeof zeroPadding;
  readonly scale: typeof scale;
  readonly batchNorm: typeof batchNorm;
  readonly averagePool: typeof averagePool;
  readonly add: typeof add;
  readonly compose: typeof compose;
  readonly place: typeof place;
}

/** The laws as they are. */
export const LAWS: Laws = {
  convolution,
  identity,
  zeroPadding,
  scale,
  batchNorm,
  averagePool,
  add,
  compose,
  place,
};
