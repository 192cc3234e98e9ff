/**
 * `repfuse data-report`: says what a data set holds, its checksum, and how far a linear classifier gets on its pixels.
 *
 * @module
 */
import { newCommand, print, printJson, wholeNumber } from "../command.ts";
import { createProgress } from "../progress.ts";
import { contactSheet, encodePng, firstOfEachClass } from "../../data/contact_sheet.ts";
import type { Split } from "../../data/dataset.ts";
import { probeLinearly } from "../../data/linear_probe.ts";
import { loadDataset } from "../../data/load.ts";
import { writeFileAtomically } from "../../files/atomic_write.ts";

/** The sheet: two rows of examples, each pixel three wide, 32 levels a channel to stay below 60 KiB for ten classes. */
const SHEET = { perClass: 2, scale: 3, levels: 32 } as const;

/** The command `data-report`. */
export function dataReportCommand() {
  return newCommand("data-report", "Describe a data set, and measure a linear classifier on it.")
    .option(
      "--data <source>",
      '"shapes10", "shapes10-hard", or a folder of IDX files, CIFAR-10 batches or class folders',
      "shapes10",
    )
    .option(
      "--image-size <pixels>",
      "bring every image to this height and width (default: photos to a size that fits them, others as they are)",
      wholeNumber(1, 4096),
    )
    .option("--skip-bad", "leave out pictures of class folders that cannot be read (default: an error)")
    .option("--sheet <file>", "also write examples of every class to this PNG file (default: none)")
    .action(async ({ data, imageSize, skipBad, sheet, json, quiet }) => {
      const progress = createProgress({ quiet });
      const onProgress = (message: string) => progress.log(message);
      const dataset = await loadDataset(data, {
        onProgress,
        ...(imageSize === undefined ? {} : { imageSize }),
        ...(skipBad === undefined ? {} : { skipBad }),
      });
      if (sheet !== undefined) {
        const examples = firstOfEachClass(dataset, "test", SHEET.perClass);
        const layout = { columns: dataset.classNames.length, scale: SHEET.scale };
        await writeFileAtomically(sheet, encodePng(contactSheet(examples, dataset, layout), SHEET.levels));
      }
      onProgress("Training a linear classifier on the pixels");
      const { name, height, width, channels, classNames, train, test, validation, checksum } = dataset;
      const report = {
        name,
        imageShape: [height, width, channels],
        classes: classNames,
        trainPerClass: countPerClass(train, classNames.length),
        testPerClass: countPerClass(test, classNames.length),
        ...(validation && { validationPerClass: countPerClass(validation, classNames.length) }),
        checksum,
        linearTestAccuracy: probeLinearly(dataset).testAccuracy,
      };
      if (json) return printJson(report);
      print(
        `${name}: ${train.count} training and ${test.count} test images${
          validation === undefined ? "" : `, ${validation.count} for validation`
        }, ${report.imageShape.join(" x ")}`,
      );
      classNames.forEach((className, i) => {
        const counts = [report.trainPerClass, report.testPerClass, report.validationPerClass ?? []];
        print(`  ${className}: ${counts.flatMap((perClass) => perClass[i] ?? []).join(" + ")}`);
      });
      print(`SHA-256 ${checksum}`);
      const percent = (100 * report.linearTestAccuracy).toFixed(1);
      print(`A linear classifier on the pixels gets ${percent}% of the test images right.`);
    });
}

function countPerClass({ labels }: Split, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}
