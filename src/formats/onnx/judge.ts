/**
 * onnxruntime-web around one ONNX file: a program that is not ours judges what is written here, and others are held against
 * it. The one place that knows it.
 *
 * @module
 */
import * as ort from "onnxruntime-web/wasm";
import { InputError } from "../../errors.ts";
import type { FullShape } from "../../graph/graph.ts";
import { decodeHalves, encodeHalves } from "../../graph/half_float.ts";

/** Of onnxruntime. */
export const JUDGE_VERSION = ort.env.versions.web ?? "unknown";

/** How onnxruntime runs. */
export interface JudgeOptions {
  /** Its own WebAssembly; read from the installed package where none is given, never fetched. */
  readonly wasm?: ArrayBuffer;
  /** More than 1 needs an isolated page: its workers come from a blob, which Deno refuses. */
  readonly threads?: number;
  /** Weights that lie apart from the file, by the locations that it names. */
  readonly external?: ReadonlyMap<string, Uint8Array>;
}

/** A network of one input and one output in onnxruntime. */
export interface OnnxSession {
  /** Of the input, with the batch first; `null` for a length that is not fixed. */
  readonly inputShape: FullShape;
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

/** A tensor that goes into a network or comes out of it. */
export interface JudgeTensor {
  /** Row by row. */
  readonly numbers: ArrayLike<number>;
  /** In the order of the file. */
  readonly shape: readonly number[];
}

/** What a network takes. */
export interface JudgeInput {
  readonly name: string;
  /** `null` for a length that is not fixed. */
  readonly shape: FullShape;
}

/** Any network in onnxruntime. */
export interface OnnxNetwork {
  readonly inputs: readonly JudgeInput[];
  /** Names, in the order of the file. */
  readonly outputs: readonly string[];
  /**
   * One inference.
   *
   * @param inputs By name.
   * @returns The outputs by name, in the order of the file.
   * @throws {InputError} when onnxruntime cannot run it on these.
   */
  run(inputs: ReadonlyMap<string, JudgeTensor>): Promise<ReadonlyMap<string, JudgeTensor>>;
  /** Frees the network. */
  release(): Promise<void>;
}

/**
 * Opens an ONNX file of any number of inputs and outputs.
 *
 * @param name What to call it in an error: its path.
 * @throws {InputError} when onnxruntime refuses the file.
 */
export async function openNetwork(
  bytes: Uint8Array,
  name: string,
  options: JudgeOptions = {},
): Promise<OnnxNetwork> {
  configure(options);
  const session = await createSession(bytes, name, options.external);
  const metadata = new Map(session.inputMetadata.map((metadata) => [metadata.name, metadata]));
  return {
    inputs: session.inputNames.map((name) => ({ name, shape: shapeOf(metadata.get(name)) })),
    outputs: session.outputNames,
    async run(inputs) {
      const feeds = [...inputs].map(([input, { numbers, shape }]) =>
        [input, tensorOf(numbers, shape, metadata.get(input))] as const
      );
      let results: ort.InferenceSession.OnnxValueMapType;
      try {
        results = await session.run(Object.fromEntries(feeds));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const shapes = [...inputs].map(([input, { shape }]) => `${input} [${shape}]`).join(", ");
        throw new InputError(`Cannot run ${name} on ${shapes}: ${reason.split("\n")[0]}`);
      }
      return new Map(session.outputNames.map((output) => {
        const { data, dims, type } = results[output]!;
        return [output, { numbers: type === "float16" ? halvesOf(data) : numbersOf(data), shape: dims }];
      }));
    },
    release: () => session.release(),
  };
}

function configure({ wasm, threads = 1 }: JudgeOptions): void {
  ort.env.wasm.numThreads = threads;
  if (wasm !== undefined) ort.env.wasm.wasmBinary = wasm;
}

/** Runtimes without a Float16Array have their bits. */
function halvesOf(data: ort.Tensor.DataType): Float32Array {
  return data instanceof Uint16Array ? decodeHalves(data) : Float32Array.from(data as ArrayLike<number>);
}

function numbersOf(data: ort.Tensor.DataType): ArrayLike<number> {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float64Array.from(data, Number);
  return Array.isArray(data) ? new Float64Array(0) : data as ArrayLike<number>;
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
  options: JudgeOptions = {},
): Promise<OnnxSession> {
  const network = await openNetwork(bytes, name, options);
  const { inputs: [input, ...otherInputs], outputs: [output, ...otherOutputs] } = network;
  if (input === undefined || output === undefined || otherInputs.length + otherOutputs.length > 0) {
    await network.release();
    throw new InputError(
      `Cannot run ${name}: its inputs are ${
        network.inputs.map(({ name }) => name).join(", ")
      } and its outputs ` +
        `${network.outputs.join(", ")}, expected one of each.`,
    );
  }
  return {
    inputShape: input.shape,
    async run(numbers, shape) {
      const results = await network.run(new Map([[input.name, { numbers, shape }]]));
      return results.get(output)!.numbers as Float32Array<ArrayBuffer>;
    },
    release: () => network.release(),
  };
}

function shapeOf(metadata: ort.InferenceSession.ValueMetadata | undefined): FullShape {
  if (!metadata?.isTensor) return [];
  return metadata.shape.map((length) => typeof length === "number" ? length : null);
}

async function createSession(
  bytes: Uint8Array,
  name: string,
  external: ReadonlyMap<string, Uint8Array> = new Map(),
): Promise<ort.InferenceSession> {
  const externalData = [...external].map(([path, data]) => ({ path, data }));
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: ["wasm"],
      logSeverityLevel: 3,
      externalData,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot open ${name} with onnxruntime: ${reason}`);
  }
}

/** The numbers in the type that the network takes. */
function tensorOf(
  numbers: ArrayLike<number>,
  shape: readonly number[],
  metadata: ort.InferenceSession.ValueMetadata | undefined,
): ort.Tensor {
  switch (metadata?.isTensor && metadata.type) {
    case "int32":
      return new ort.Tensor("int32", Int32Array.from(numbers), shape);
    case "int64":
      return new ort.Tensor("int64", BigInt64Array.from(Array.from(numbers, BigInt)), shape);
    case "uint8":
      return new ort.Tensor("uint8", Uint8Array.from(numbers), shape);
    case "int8":
      return new ort.Tensor("int8", Int8Array.from(numbers), shape);
    case "float16":
      return new ort.Tensor("float16", encodeHalves(Float32Array.from(numbers)), shape);
    case "bool":
      return new ort.Tensor("bool", Array.from(numbers, (number) => number !== 0), shape);
    case "float64":
      return new ort.Tensor("float64", Float64Array.from(numbers), shape);
    default:
      return new ort.Tensor(
        "float32",
        numbers instanceof Float32Array ? numbers : Float32Array.from(numbers),
        shape,
      );
  }
}
