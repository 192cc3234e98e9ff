import { runTask } from "../src/cli/command.ts";
import { demoCommand } from "../src/cli/tasks/demo.ts";

await runTask(demoCommand());
