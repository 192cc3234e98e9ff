/**
 * One thread against two, in turn within one process: the trained convolutions, the fused A0 and the training step.
 *
 *     deno run --allow-read --allow-write=.cache benchmarks/kernels/threads.ts [rounds] [name]
 *
 * Prints the fastest time of each, since anything else that runs on the machine takes a core from two threads, and
 * the median beside it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { createDeployNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { shareBackendWork, startBackend } from "../../src/kernels/tfjs/backend.ts";
import { kernelCases } from "./convolutions.ts";
import { ourStep } from "./our_step.ts";

/** Something to time. */
interface Subject {
  readonly name: string;
  run(): void;
  dispose(): void;
}

const DEFAULT_ROUNDS = 100;
const WARMUP_ROUNDS = 10;
const THREADS = 2;

function fusedA0(): Subject {
  const config = presetConfig("A0");
  const model = createDeployNetwork(config, { seed: 1 });
  const images = tf.randomNormal([1, ...config.inputSize]);
  return {
    name: "fused A0, batch 1",
    run() {
      const logits = model.predict(images) as tf.Tensor;
      logits.dataSync();
      logits.dispose();
    },
    dispose() {
      model.dispose();
      images.dispose();
    },
  };
}

function* subjects(): Generator<Subject> {
  yield { name: "training step", ...ourStep() };
  yield fusedA0();
  yield* kernelCases();
}

function compare(subject: Subject, rounds: number): string {
  const times: [number[], number[]] = [[], []];
  for (let round = -WARMUP_ROUNDS; round < rounds; round++) {
    for (const [i, sharing] of [false, true].entries()) {
      shareBackendWork(sharing);
      const start = performance.now();
      subject.run();
      if (round >= 0) times[i]!.push(performance.now() - start);
    }
  }
  const [one, two] = times.map((list) => list.sort((a, b) => a - b)) as [number[], number[]];
  const figures = [0, rounds >> 1].map((at) =>
    `${one[at]!.toFixed(3)} / ${two[at]!.toFixed(3)} ms = ${(one[at]! / two[at]!).toFixed(2)}x`
  );
  return `${subject.name}: fastest ${figures[0]}, median ${figures[1]}`;
}

if (import.meta.main) {
  const [rounds = DEFAULT_ROUNDS, name = ""] = Deno.args;
  await startBackend({ threads: THREADS });
  for (const subject of subjects()) {
    if (subject.name.includes(name)) console.log(compare(subject, Number(rounds)));
    subject.dispose();
  }
}
