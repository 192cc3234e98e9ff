/**
 * New values of many variables in one kernel, on the wasm backend.
 *
 * @module
 */
import { updateMovingAverages, updateNesterovSgd } from "../../variables/table.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import { override } from "../override.ts";
import { MOVING_AVERAGE, type MovingAverageAttributes } from "./moving_average.ts";
import { NESTEROV_SGD, type NesterovSgdAttributes } from "./nesterov_sgd.ts";

/** The kernels that compute new values of variables. */
export const VARIABLE_UPDATES = [
  override<MovingAverageAttributes>(MOVING_AVERAGE.kernelName, (context, { inputs, attrs }) => {
    const tensors = inputs as unknown as readonly TensorInfo[];
    if (!allFloat(tensors)) return undefined;
    const averages = tensors.slice(0, tensors.length / 2);
    const moved = averages.map(({ shape }) => allocateTensor(context.backend, shape));
    const entries = averages.map((average, index) => ({
      arrays: [average, tensors[averages.length + index]!, moved[index]!],
      decays: false,
    }));
    updateMovingAverages(context, entries, attrs.rate);
    return moved;
  }),
  override<NesterovSgdAttributes>(NESTEROV_SGD.kernelName, (context, { inputs, attrs }) => {
    const tensors = inputs as unknown as readonly TensorInfo[];
    if (!allFloat(tensors)) return undefined;
    const { decays, learningRate, momentum, weightDecay } = attrs;
    const count = decays.length;
    const updated = tensors.slice(0, 2 * count).map(({ shape }) => allocateTensor(context.backend, shape));
    const entries = decays.map((decayed, index) => ({
      arrays: [
        tensors[index]!,
        tensors[count + index]!,
        tensors[2 * count + index]!,
        updated[index]!,
        updated[count + index]!,
      ],
      decays: decayed && weightDecay > 0,
    }));
    updateNesterovSgd(context, entries, { learningRate, momentum, weightDecay });
    return updated;
  }),
];

function allFloat(tensors: readonly TensorInfo[]): boolean {
  return tensors.every(({ dtype }) => dtype === "float32");
}
