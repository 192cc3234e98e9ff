import { runTask } from "../src/cli/command.ts";
import { ablateCommand } from "../src/cli/tasks/ablate.ts";

await runTask(ablateCommand());
