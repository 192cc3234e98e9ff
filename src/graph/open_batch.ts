/**
 * Networks whose file names a number of images, as exporters do that have seen an example: nothing in a graph depends on it,
 * since the batch is the first axis of every value and no operation mixes it.
 *
 * @module
 */
import type { Graph } from "./graph.ts";

/** The same network for any number of images. Opaque operations may know better: there must be none. */
export function withOpenBatch(graph: Graph): Graph {
  return {
    ...graph,
    values: graph.values.map((info) =>
      info.shape?.length ? { ...info, shape: [null, ...info.shape.slice(1)] } : info
    ),
  };
}
