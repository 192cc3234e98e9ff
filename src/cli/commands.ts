/**
 * Every command, in the order in which a person meets them. `tasks/` runs them one by one; the package mounts all of them
 * below `repfuse`.
 *
 * @module
 */
import { ablateCommand } from "./tasks/ablate.ts";
import { benchCommand } from "./tasks/bench.ts";
import { dataReportCommand } from "./tasks/data_report.ts";
import { demoCommand } from "./tasks/demo.ts";
import { evaluateCommand } from "./tasks/evaluate.ts";
import { exportCommand } from "./tasks/export.ts";
import { fuseCommand } from "./tasks/fuse.ts";
import { importCommand } from "./tasks/import.ts";
import { inspectCommand } from "./tasks/inspect.ts";
import { pipelineCommand } from "./tasks/pipeline.ts";
import { predictCommand } from "./tasks/predict.ts";
import { trainCommand } from "./tasks/train.ts";

/** Makes all commands anew; a command parses once. */
export function allCommands() {
  return [
    pipelineCommand(),
    trainCommand(),
    fuseCommand(),
    benchCommand(),
    evaluateCommand(),
    predictCommand(),
    inspectCommand(),
    exportCommand(),
    importCommand(),
    demoCommand(),
    ablateCommand(),
    dataReportCommand(),
  ];
}
