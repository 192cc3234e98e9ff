/**
 * The export of a network that is no classifier: one that enlarges pictures, finds text, or takes and gives whatever else.
 * There is nothing to know about how to feed it, so that it goes into the formats that say the network alone, and is proved
 * on noise.
 *
 * @module
 */
import { basename } from "node:path";
import { relativeDifference } from "../bench/same_outputs.ts";
import type { ExportFormat } from "../deploy/export_format.ts";
import { describeFiles, type Manifest } from "../deploy/manifest.ts";
import { ONNX_FORMAT } from "../deploy/onnx_format.ts";
import { TFJS_FORMAT } from "../deploy/tfjs_format.ts";
import { GateError, InputError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { checkOutputFolder, kindByNames, type OutputRequest, replaceFolder } from "../files/output_folder.ts";
import { readBytes } from "../files/read.ts";
import { loadModelArtifacts, modelFile } from "../formats/keras/load.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { onnxLayout, originalFile } from "../formats/onnx/probe.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { loadLayersModelArtifacts, saveLayersModel } from "../formats/tfjs/layers_model.ts";
import { type Precision, withPrecision } from "../formats/tfjs/precision.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { writeLayersModel } from "../formats/tfjs/write.ts";
import type { Graph } from "../graph/graph.ts";
import { leastOutputScale } from "../graph/output_scale.ts";
import type { Progress } from "../progress.ts";
import { proofBatches, proofInputsOf } from "../proof/inputs.ts";
import { formatDifference } from "../text/quantities.ts";
import { type NetworkRunner, runLayersModel, runOnnx, type RunTensor } from "./forms_runner.ts";
import type { NamedFile, NamedModel } from "./named.ts";

/** What lies beside a network that was exported without a card. */
export const NETWORK_RECORD = "export.json";

const EXPORTED_NETWORK = kindByNames("an exported network", NETWORK_RECORD, {
  keys: ["format", "source", "proof"],
  names: /^(model\.json|model\.onnx|weights-\d+of\d+\.bin)$/,
});

/** What was written. */
export interface NetworkRecord {
  readonly format: string;
  readonly precision: Precision;
  /** The file that was read. */
  readonly source: string;
  readonly proof: {
    /** Inputs that were compared. */
    readonly inputs: number;
    /** max |a − b| / max |a| over all outputs. */
    readonly maxRelativeDifference: number;
    readonly tolerance: number;
  };
  readonly files: Manifest["files"];
}

/** How to export. */
export interface NetworkExport {
  readonly format: ExportFormat;
  readonly precision: Precision;
  readonly tolerance?: number | undefined;
  readonly output?: string | undefined;
  readonly progress: Progress;
  /** Why it is not exported as a classifier. */
  readonly reason: InputError;
}

/**
 * Exports a network as `tfjs` or `onnx`. An ONNX file stays what it is in `onnx`, operator by operator.
 *
 * @throws {InputError} `reason`, with the way out, when another format is wanted; or when the format cannot say the network.
 * @throws {GateError} when what was written does not compute the same; nothing is left.
 */
export async function exportNetwork(
  source: NamedModel | NamedFile,
  { format, precision, tolerance = format.tolerance, progress, reason, ...wanted }: NetworkExport,
): Promise<{ readonly output: string; readonly record: NetworkRecord }> {
  if (format !== TFJS_FORMAT && format !== ONNX_FORMAT) {
    throw reason;
  }
  if (!format.precisions.includes(precision)) {
    throw new InputError(`The format ${format.name} cannot hold kernels as ${precision}.`);
  }
  const suffix = precision === "float32" ? "" : `-${precision}`;
  const { output = `${source.folder}/export/${format.name}${suffix}` } = wanted;
  const file = source.kind === "file" ? source.path : modelFile(source.path);
  const place: OutputRequest = { path: output, kind: EXPORTED_NETWORK, inputs: [file] };
  await checkOutputFolder(place);
  const network = source.kind === "file" ? await onnxNetwork(source.path) : await layersNetwork(source.path);
  let record: NetworkRecord | undefined;
  await replaceFolder(place, async (folder) => {
    progress.log(`writing ${format.name}, ${precision}, of ${source.path}`);
    const exported = await (format === ONNX_FORMAT ? writeAsOnnx : writeAsLayers)(folder, network, precision);
    const proof = await prove(network, exported, source.path, { format, precision, tolerance });
    record = {
      format: format.name,
      precision,
      source: source.path,
      proof,
      files: await describeFiles(folder),
    };
    await writeJsonAtomically(`${folder}/${NETWORK_RECORD}`, record);
  });
  return { output, record: record! };
}

/** A network and who runs it as it came. */
interface Network {
  readonly graph: Graph;
  readonly artifacts: () => ReturnType<typeof writeLayersModel>;
  /** Runs what was read, with its kernels in a precision. */
  readonly open: (precision: Precision) => Promise<NetworkRunner>;
  readonly isOnnx: boolean;
}

async function onnxNetwork(path: string): Promise<Network> {
  const graph = await readOnnxFile(path);
  return {
    graph,
    artifacts: () => writeLayersModel(graph),
    open: (precision) =>
      precision === "float32"
        ? runOnnx(originalFile(graph), path, onnxLayout(graph))
        : runLayersModel(withPrecision(withPrecision(writeLayersModel(graph), precision), "float32"), path),
    isOnnx: true,
  };
}

async function layersNetwork(path: string): Promise<Network> {
  const artifacts = await loadModelArtifacts(path);
  return {
    graph: readLayersModel(artifacts),
    artifacts: () => artifacts,
    open: (precision) => runLayersModel(withPrecision(withPrecision(artifacts, precision), "float32"), path),
    isOnnx: false,
  };
}

/** Writes the files, and opens them. */
type Write = (
  folder: string,
  network: Network,
  precision: Precision,
) => Promise<() => Promise<NetworkRunner>>;

const writeAsLayers: Write = async (folder, { artifacts }, precision) => {
  await saveLayersModel(folder, withPrecision(artifacts(), precision));
  return async () =>
    runLayersModel(withPrecision(await loadLayersModelArtifacts(folder), "float32"), basename(folder));
};

const writeAsOnnx: Write = async (folder, { graph, artifacts, isOnnx }, precision) => {
  const isInPlace = isOnnx && precision === "float32";
  const bytes = writeOnnx(isInPlace ? graph : readLayersModel(withPrecision(artifacts(), precision)));
  const path = `${folder}/model.onnx`;
  await writeFileAtomically(path, bytes);
  return async () =>
    runOnnx(await readBytes(path, "an ONNX model"), "model.onnx", isInPlace ? onnxLayout(graph) : undefined);
};

async function prove(
  network: Network,
  openExported: () => Promise<NetworkRunner>,
  path: string,
  { format, precision, tolerance }: Required<Pick<NetworkExport, "format" | "precision">> & {
    tolerance: number;
  },
): Promise<NetworkRecord["proof"]> {
  const opened: NetworkRunner[] = [];
  try {
    opened.push(await network.open(precision));
    opened.push(await openExported());
    const inputs = noiseFor(network.graph);
    const [expected, found] = [await opened[0]!.run(inputs), await opened[1]!.run(inputs)];
    const leastScale = leastOutputScale(network.graph);
    const maxRelativeDifference = Math.max(
      ...expected.map(({ numbers }, i) => relativeDifference(numbers, found[i]!.numbers, leastScale)),
    );
    if (maxRelativeDifference <= tolerance) {
      return { inputs: inputs[0]!.shape[0] ?? 1, maxRelativeDifference, tolerance };
    }
    throw new GateError(
      `The ${format.name} export does not compute what ${path} does: its outputs differ by up to ` +
        `${formatDifference(maxRelativeDifference)} of their scale (at most ${tolerance} is allowed).`,
      "Nothing was written. Where the network itself magnifies float32's rounding, allow more with --tolerance.",
    );
  } finally {
    for (const runner of opened) await runner.release();
  }
}

/** Noise and pictures as the network takes them. */
function noiseFor(graph: Graph): RunTensor[] {
  const [batch] = proofBatches(proofInputsOf(graph));
  return batch!.map(({ data, shape }) => ({ numbers: data, shape }));
}
