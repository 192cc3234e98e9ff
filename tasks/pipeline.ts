import { runTask } from "../src/cli/command.ts";
import { pipelineCommand } from "../src/cli/tasks/pipeline.ts";

await runTask(pipelineCommand());
