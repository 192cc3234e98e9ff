import { runTask } from "../src/cli/command.ts";
import { fuseCommand } from "../src/cli/tasks/fuse.ts";

await runTask(fuseCommand());
