/**
 * Which vector instructions a runtime has.
 *
 * @module
 */
import type { KernelTarget } from "./build.ts";

/** Which instructions the kernels may use here; "none" where there are no 128-bit vectors. */
export type InstructionSet = KernelTarget["instructionSet"] | "none";

/** (func (result v128) (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0))), or i8x16.splat without it. */
function vectorProbe(body: number[]): Uint8Array<ArrayBuffer> {
  const code = [0, ...body, 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, code.length + 2, 0x01, code.length, ...code],
  ]);
}

const ZERO_VECTOR = [0x41, 0x00, 0xfd, 0x0f];
const RELAXED_MADD = [0xfd, 0x85, 0x02];

/** The best instruction set that this runtime accepts. */
export function detectInstructionSet(): InstructionSet {
  const relaxed = [...ZERO_VECTOR, ...ZERO_VECTOR, ...ZERO_VECTOR, ...RELAXED_MADD];
  if (WebAssembly.validate(vectorProbe(relaxed))) return "relaxed-simd";
  return WebAssembly.validate(vectorProbe(ZERO_VECTOR)) ? "simd" : "none";
}
