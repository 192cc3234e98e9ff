import { runTask } from "../src/cli/command.ts";
import { importCommand } from "../src/cli/tasks/import.ts";

await runTask(importCommand());
