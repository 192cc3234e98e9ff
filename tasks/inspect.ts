import { runTask } from "../src/cli/command.ts";
import { inspectCommand } from "../src/cli/tasks/inspect.ts";

await runTask(inspectCommand());
