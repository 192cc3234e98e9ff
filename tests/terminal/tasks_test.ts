/**
 * Every task on a real terminal of 60, 80 and 120 columns, from a folder of the person's whose name has a space: no
 * question, no line glued to the progress, no table that wraps, no hang.
 */
import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { encodePng } from "../../src/data/contact_sheet.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import {
  assertCleanScreen,
  CTRL_C,
  onTerminal,
  readScreen,
  type Session,
  type SessionOptions,
} from "./pseudo_terminal.ts";

const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

const NETWORK = {
  data: { source: "pictures" },
  network: {
    block: "repvgg",
    padding: "explicit",
    stem: { width: 8, stride: 2 },
    stages: [{ depth: 1, width: 8 }],
  },
  training: { epochs: 1, batchSize: 8, warmupEpochs: 0 },
};

/** One command, what it leaves behind, and how it ends. */
interface Step {
  readonly line: string;
  readonly code?: number;
  readonly says?: RegExp;
  readonly keys?: SessionOptions["keys"];
  /** The only width at which it runs; all of them when not given. */
  readonly at?: number;
}

const STEPS: readonly Step[] = [
  { line: "pipeline --config tiny.json --name all", says: /Everything is in runs\/all\// },
  { line: "train --config tiny.json --name mine", says: /Next: deno task fuse runs\/mine/ },
  { line: "fuse", says: /Written: runs\/mine\/fused\/model\.json/ },
  { line: "bench --rounds 2 --batches 1", says: /speedup/ },
  {
    line: "bench runs/mine --rounds 2 --batches 1 --kernels simd --threads 1",
    says: /simd\), 1 thread/,
    at: 80,
  },
  { line: "evaluate", says: /accuracy/ },
  { line: "predict pictures/test/dark/0.png pictures/test/light/1.png --top 2", says: /probability/ },
  { line: "inspect", says: /whole/ },
  { line: "export --format onnx", says: /Written: runs\/mine\/export\/onnx/, at: 60 },
  { line: "export --format safetensors", says: /Written: / },
  { line: "export --format tfjs --quantize uint8", says: /accuracy: /, at: 80 },
  { line: "export --format module", says: /Written: /, at: 60 },
  {
    line: "import runs/mine/export/safetensors/model.safetensors --image-size 8 --output taken",
    says: /Written: taken\//,
  },
  { line: "demo --port 0", says: /Serving/, keys: [[/Stop with Ctrl-C/, CTRL_C]] },
  {
    line: "ablate --config tiny.json --name forms --variants plain,repvgg --seeds 1 --epochs 1",
    says: /1 seed/,
  },
  { line: "data-report --data pictures", says: /24 training/ },
  { line: "kernels --only shapes --shape none --rounds 2" },
  // Ctrl-C, where the work saves itself, and where it does not.
  {
    line: "train --config tiny.json --epochs 100000 --name long",
    code: 130,
    says: /interrupted: the run runs\/long is saved/,
    keys: [[/epoch 3/, CTRL_C]],
  },
  {
    line: "bench runs/mine --rounds 1000000 --batches 1",
    code: 130,
    says: /^interrupted/m,
    keys: [[/round \d/, CTRL_C]],
    at: 60,
  },
  // What is not ours is not touched, and that is said before anything else is done.
  {
    line: "fuse runs/mine --output runs/mine",
    code: 2,
    says: /Cannot write a fused model to runs\/mine/,
    at: 60,
  },
  {
    line: "fuse runs/mine --output pictures",
    code: 2,
    says: /Cannot write a fused model to pictures/,
    at: 80,
  },
  {
    line: "export runs/mine --output pictures/test",
    code: 2,
    says: /Cannot write an export to pictures\/test/,
    at: 80,
  },
  { line: "export runs/mine --output tiny.json", code: 2, says: /it is a file/, at: 60 },
  { line: "train --config tiny.json --name mine", code: 2, says: /There is runs\/mine already/, at: 60 },
  { line: "train --name ../elsewhere", code: 2, says: /It must be a plain name/, at: 60 },
  { line: "train --epoch 3", code: 2, says: /Did you mean --epochs/, at: 60 },
  { line: "train --help", says: /\(default: 0\.9\)/, at: 80 },
  { line: "predict nothing.png", code: 2, says: /Cannot read nothing\.png/, at: 120 },
];

/** Class folders of a few small pictures, and a configuration of a small network. */
async function furnish(folder: string): Promise<void> {
  for (const part of ["train", "test"]) {
    for (const [label, name] of ["dark", "light"].entries()) {
      await mkdir(`${folder}/pictures/${part}/${name}`, { recursive: true });
      for (let i = 0; i < 12; i++) {
        const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, k) => 150 * label + (7 * k + 13 * i) % 90);
        await writeFile(
          `${folder}/pictures/${part}/${name}/${i}.png`,
          encodePng({ width: 8, height: 8, pixels }),
        );
      }
    }
  }
  await writeFile(`${folder}/tiny.json`, JSON.stringify(NETWORK));
}

async function take(step: Step, folder: string, columns: number): Promise<Session> {
  const command = [Deno.execPath(), "task", "--quiet", "--config", CONFIG, ...step.line.split(" ")];
  const session = await onTerminal(command, { columns, folder, keys: step.keys ?? [] });
  assertCleanScreen(session);
  assert.equal(session.code, step.code ?? 0, `${step.line}\n${session.text}`);
  if (step.says !== undefined) assert.match(readScreen(session).lines.join("\n"), step.says);
  return session;
}

Deno.test("every task leaves a clean screen and asks nothing on terminals of 60, 80 and 120 columns", async () => {
  await Promise.all([60, 80, 120].map((columns) =>
    inTemporaryFolder(async (root) => {
      const folder = `${root}/my photos`;
      await furnish(folder);
      for (const step of STEPS.filter(({ at = columns }) => at === columns)) {
        await take(step, folder, columns);
      }
      assert.deepEqual((await readdir(folder)).sort(), ["pictures", "runs", "taken", "tiny.json"]);
      assert.equal((await readdir(`${folder}/pictures/test/dark`)).length, 12);
    })
  ));
});
