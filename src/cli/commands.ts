/**
 * Every command and where it lies. `tasks/` runs them one by one, `main.ts` all of them below `repfuse`; a command's modules
 * are loaded when it is asked for.
 *
 * @module
 */
import type { Runnable } from "./command.ts";

/** The commands, in the order in which a person needs them. */
export const COMMANDS = {
  pipeline: async () => (await import("./tasks/pipeline.ts")).pipelineCommand(),
  train: async () => (await import("./tasks/train.ts")).trainCommand(),
  fuse: async () => (await import("./tasks/fuse.ts")).fuseCommand(),
  bench: async () => (await import("./tasks/bench.ts")).benchCommand(),
  evaluate: async () => (await import("./tasks/evaluate.ts")).evaluateCommand(),
  predict: async () => (await import("./tasks/predict.ts")).predictCommand(),
  inspect: async () => (await import("./tasks/inspect.ts")).inspectCommand(),
  export: async () => (await import("./tasks/export.ts")).exportCommand(),
  import: async () => (await import("./tasks/import.ts")).importCommand(),
  demo: async () => (await import("./tasks/demo.ts")).demoCommand(),
  ablate: async () => (await import("./tasks/ablate.ts")).ablateCommand(),
  compare: async () => (await import("./tasks/compare.ts")).compareCommand(),
  "data-report": async () => (await import("./tasks/data_report.ts")).dataReportCommand(),
} as const satisfies Readonly<Record<string, () => Promise<Runnable>>>;

/** Whether there is a command of that name. */
export function isCommandName(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}
