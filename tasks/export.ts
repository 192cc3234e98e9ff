import { runTask } from "../src/cli/command.ts";
import { exportCommand } from "../src/cli/tasks/export.ts";

await runTask(exportCommand());
