import { runTask } from "../src/cli/command.ts";
import { predictCommand } from "../src/cli/tasks/predict.ts";

await runTask(predictCommand());
