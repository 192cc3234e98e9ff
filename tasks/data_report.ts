import { runTask } from "../src/cli/command.ts";
import { dataReportCommand } from "../src/cli/tasks/data_report.ts";

await runTask(dataReportCommand());
