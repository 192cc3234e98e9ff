/** What fusion leaves without a word. */
import { fuseGraph } from "../../src/fuse/fuse.ts";
import type { Graph, Operation } from "../../src/graph/graph.ts";

const LINEAR: ReadonlySet<Operation["op"]> = new Set([
  "convolution",
  "convolutionTranspose",
  "dense",
  "batchNorm",
  "scale",
]);

const LEFT: ReadonlySet<Operation["op"]> = new Set(["batchNorm", "add", "average"]);

/** What stays of the network and no refusal names. */
export function silentIn(source: Graph): string[] {
  const { graph, report } = fuseGraph(source);
  const named = new Set(report.refusals.flatMap(({ layer, partners }) => [layer, ...partners]));
  const regions = new Map(report.regions.map(({ name, layers }) => [name, layers]));
  const layersOf = ({ name, origin }: Operation) =>
    regions.get(name) ?? [origin?.name ?? name.replace(/\/(sum|join)(_\d+)?$/, "")];
  const isNamed = (operation: Operation) => layersOf(operation).some((layer) => named.has(layer));
  const makers = new Map(
    graph.operations.flatMap((operation) => operation.outputs.map((v) => [v, operation])),
  );
  const isLinear = (operation: Operation | undefined): operation is Operation =>
    operation !== undefined && LINEAR.has(operation.op) &&
    !("activation" in operation && operation.activation !== "linear");
  return graph.operations.flatMap((operation) => {
    const isHidden = operation.op === "opaque" &&
      (operation.isConvolution || operation.origin.kind === "BatchNormalization");
    if (LEFT.has(operation.op) || isHidden) {
      return isNamed(operation) ? [] : [`${operation.op} ${operation.name}`];
    }
    if (!LINEAR.has(operation.op)) return [];
    const before = makers.get(operation.inputs[0]!);
    const isOneLayer = before?.origin !== undefined && before.origin === operation.origin;
    return !isLinear(before) || isOneLayer || isNamed(before) || isNamed(operation)
      ? []
      : [`${before.name} and ${operation.name}`];
  });
}
