/**
 * New values of many variables in one kernel, on the wasm backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { floatField, NS_PER_BYTE } from "../dispatch.ts";
import { allocateTensor, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { MOVING_AVERAGE, type MovingAverageAttributes } from "./moving_average.ts";
import { NESTEROV_SGD, type NesterovSgdAttributes } from "./nesterov_sgd.ts";
import { type TableEntry, writeTable } from "./table.ts";

/** The kernels that compute new values of variables. */
export const VARIABLE_UPDATES = [
  override<MovingAverageAttributes>(MOVING_AVERAGE.kernelName, (context, { inputs, attrs }) => {
    const tensors = inputs as unknown as readonly TensorInfo[];
    if (!allFloat(tensors)) return undefined;
    const averages = tensors.slice(0, tensors.length / 2);
    const moved = averages.map(({ shape }) => allocateTensor(context.backend, shape));
    const entries = averages.map((average, index) => ({
      tensors: [average, tensors[averages.length + index]!, moved[index]!],
      decays: false,
    }));
    run(context, "movingAverage", entries, [attrs.rate]);
    return moved;
  }),
  override<NesterovSgdAttributes>(NESTEROV_SGD.kernelName, (context, { inputs, attrs }) => {
    const tensors = inputs as unknown as readonly TensorInfo[];
    if (!allFloat(tensors)) return undefined;
    const { decays, learningRate, momentum, weightDecay } = attrs;
    const count = decays.length;
    const updated = tensors.slice(0, 2 * count).map(({ shape }) => allocateTensor(context.backend, shape));
    const entries = decays.map((decayed, index) => ({
      tensors: [
        tensors[index]!,
        tensors[count + index]!,
        tensors[2 * count + index]!,
        updated[index]!,
        updated[count + index]!,
      ],
      decays: decayed && weightDecay > 0,
    }));
    run(context, "nesterovSgd", entries, [learningRate, momentum, weightDecay]);
    return updated;
  }),
];

function allFloat(tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === "float32");
}

/** Runs a kernel over all entries, with these numbers behind the table in its descriptor. */
function run(
  { backend, dispatcher }: KernelContext,
  kernel: string,
  entries: readonly TableEntry[],
  numbers: readonly number[],
): void {
  const table = writeTable(backend, entries);
  const floats = entries.flatMap(({ tensors }) => tensors.map(({ shape }) => tf.util.sizeFromShape(shape)));
  const costNs = tf.util.sum(floats) * Float32Array.BYTES_PER_ELEMENT * NS_PER_BYTE;
  const fields = [table.offset, ...numbers.map(floatField)];
  dispatcher.run({ kernel, units: table.units, fields, costNs });
  backend.disposeData(table.tensor.dataId);
}
