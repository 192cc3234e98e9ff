/**
 * onnxruntime-web around one ONNX file: a program that is not ours judges what is written here, and others are held against
 * it. The one place that knows it.
 *
 * @module
 */
import * as ort from "onnxruntime-web/wasm";
import { InputError } from "../../errors.ts";

/** How onnxruntime runs. */
export interface JudgeOptions {
  /** Its own WebAssembly; read from the installed package where none is given, never fetched. */
  readonly wasm?: ArrayBuffer;
  /** More than 1 needs an isolated page: its workers come from a blob, which Deno refuses. */
  readonly threads?: number;
}

/** A network in onnxruntime. */
export interface OnnxSession {
  /**
   * One inference.
   *
   * @param numbers The input, row by row.
   * @param shape Of the input, with the batch first.
   * @returns The output, row by row.
   */
  run(numbers: Float32Array, shape: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  /** Frees the network. */
  release(): Promise<void>;
}

/**
 * Opens an ONNX file.
 *
 * @param name What to call it in an error: its path.
 * @throws {InputError} when onnxruntime refuses the file, or it has several inputs or outputs.
 */
export async function openSession(
  bytes: Uint8Array,
  name: string,
  { wasm, threads = 1 }: JudgeOptions = {},
): Promise<OnnxSession> {
  ort.env.wasm.numThreads = threads;
  if (wasm !== undefined) ort.env.wasm.wasmBinary = wasm;
  const session = await createSession(bytes, name);
  const [input, ...otherInputs] = session.inputNames;
  const [output, ...otherOutputs] = session.outputNames;
  if (input === undefined || output === undefined || otherInputs.length + otherOutputs.length > 0) {
    await session.release();
    throw new InputError(
      `Cannot run ${name}: its inputs are ${session.inputNames.join(", ")} and its outputs ` +
        `${session.outputNames.join(", ")}, expected one of each.`,
    );
  }
  return {
    async run(numbers, shape) {
      const results = await session.run({ [input]: tensorOf(numbers, shape, session.inputMetadata[0]) });
      return results[output]!.data as Float32Array<ArrayBuffer>;
    },
    release: () => session.release(),
  };
}

async function createSession(bytes: Uint8Array, name: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot open ${name} with onnxruntime: ${reason}`);
  }
}

/** The numbers in the type that the network takes. */
function tensorOf(
  numbers: Float32Array,
  shape: readonly number[],
  metadata: ort.InferenceSession.ValueMetadata | undefined,
): ort.Tensor {
  switch (metadata?.isTensor && metadata.type) {
    case "int32":
      return new ort.Tensor("int32", Int32Array.from(numbers), shape);
    case "uint8":
      return new ort.Tensor("uint8", Uint8Array.from(numbers), shape);
    default:
      return new ort.Tensor("float32", numbers, shape);
  }
}
