import { runTask } from "../src/cli/command.ts";
import { evaluateCommand } from "../src/cli/tasks/evaluate.ts";

await runTask(evaluateCommand());
