import { runTask } from "../src/cli/command.ts";
import { compareCommand } from "../src/cli/tasks/compare.ts";

await runTask(compareCommand());
