/** Runs of the exported PyTorch programs. */
import assert from "node:assert/strict";

const PYTHONS = ["python3", "/usr/bin/python3"];

/** A Python with PyTorch and numpy; nothing, and one line, where there is none. */
export function pythonWithTorch(): string | undefined {
  const found = PYTHONS.find((python) => {
    try {
      return new Deno.Command(python, { args: ["-c", "import torch, numpy"], stdout: "null", stderr: "null" })
        .outputSync().success;
    } catch {
      return false;
    }
  });
  if (found === undefined) console.log("skipped: no Python with PyTorch and numpy is installed");
  return found;
}

/** What a process prints. It fails where the process does. */
export async function runPython(
  python: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(python, {
    args: ["-B", "-W", "error::UserWarning:data", ...args],
    env: { OMP_NUM_THREADS: "1", ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert(success, decode(stderr) + decode(stdout));
  return decode(stdout);
}
