import { runTask } from "../src/cli/command.ts";
import { benchCommand } from "../src/cli/tasks/bench.ts";

await runTask(benchCommand());
