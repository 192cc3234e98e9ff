import { runTask } from "../src/cli/command.ts";
import { trainCommand } from "../src/cli/tasks/train.ts";

await runTask(trainCommand());
