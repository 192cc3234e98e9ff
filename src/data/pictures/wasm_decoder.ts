/**
 * A decoder of @jsquash, compiled to WebAssembly by Emscripten. The module is read from the installed package, never fetched.
 * A decoder that fails loses what it had allocated, and some hundred damaged pictures would fill its memory: it is thrown away
 * and made anew, and so is one that has grown large.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.ts";
import { readBytes } from "../../files/read.ts";
import { onWhite, type PictureSize, type RgbImage } from "./rgb_image.ts";

/** The part of an Emscripten module that is used: the first argument is the file. */
export interface WasmModule {
  /** Nothing, or an exception, when there is no picture in the file; what is wrong goes to `printErr`. */
  decode(file: ArrayBuffer, ...options: unknown[]): RgbaImage | null;
}

/** What it gives: an ImageData of RGBA bytes. */
interface RgbaImage extends PictureSize {
  readonly data: Uint8ClampedArray;
}

/** What a package says of itself. */
export interface WasmCodec {
  /** For messages: "WebP". */
  readonly format: string;
  /** The package's factory. Its own type hangs on a global namespace that is not in scope. */
  readonly create: unknown;
  /** Address of the .wasm file. */
  readonly url: string;
  /** Goes to the decoder behind the file. */
  readonly options?: readonly unknown[];
}

/** What was decoded, and what the decoder complained about: it goes on where it can. */
export interface WasmPicture {
  readonly image: RgbImage;
  readonly complaints: readonly string[];
}

interface Started {
  readonly module: WasmModule;
  readonly memory: WebAssembly.Memory;
  readonly complaints: string[];
}

/** A decoder keeps no more memory than this for the next picture. */
const MOST_KEPT_BYTES = 2 ** 26;

/** One format's decoder, started when the first picture comes. */
export class WasmDecoder {
  private compiled: Promise<WebAssembly.Module> | undefined;
  private started: Promise<Started> | undefined;

  constructor(private readonly codec: WasmCodec) {}

  /**
   * Decodes a file whose size was looked at before. What is transparent is laid on white.
   *
   * @throws {InputError} when there is no picture in it.
   */
  async decode(file: Uint8Array<ArrayBuffer>, path: string): Promise<WasmPicture> {
    const { format, options = [] } = this.codec;
    const { module, memory, complaints } = await (this.started ??= this.start());
    complaints.length = 0;
    let found: RgbaImage | null = null;
    try {
      const isWhole = file.byteLength === file.buffer.byteLength;
      found = module.decode(isWhole ? file.buffer : file.slice().buffer, ...options);
    } catch { // an exit status that says nothing: what is wrong is in the complaints
    }
    if (found === null || memory.buffer.byteLength > MOST_KEPT_BYTES) this.started = undefined;
    if (found === null || found.data.length !== 4 * found.width * found.height) {
      throw new InputError(`Cannot read ${path} as ${format}: ${complaints.join("; ") || "it is damaged"}.`);
    }
    return { image: onWhite(found, found.data), complaints: [...complaints] };
  }

  private async start(): Promise<Started> {
    const { create, url, format } = this.codec;
    this.compiled ??= readBytes(fileURLToPath(url), `the ${format} decoder of @jsquash`)
      .then((bytes) => WebAssembly.compile(bytes));
    const wasm = await this.compiled;
    const complaints: string[] = [];
    let memory: WebAssembly.Memory | undefined;
    const module = await (create as (options: object) => Promise<WasmModule>)({
      noInitialRun: true,
      print: (line: string) => complaints.push(line),
      printErr: (line: string) => complaints.push(line),
      instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
        const instance = new WebAssembly.Instance(wasm, imports);
        memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
        done(instance);
        return instance.exports;
      },
    });
    return { module, memory: memory!, complaints };
  }
}
