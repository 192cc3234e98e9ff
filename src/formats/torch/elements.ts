/**
 * The element types of PyTorch, by the names that a checkpoint has for them: those of typed storages
 * (`torch.FloatStorage`), and of dtypes (`torch.float32`).
 *
 * @module
 */
import type { Dtype } from "../safetensors/write.ts";

/** How the elements of a storage or a tensor are stored. */
export interface Element {
  /** The dtype's name in PyTorch. */
  readonly name: string;
  /** Of one element. */
  readonly bytes: number;
  /** The same dtype as safetensors names it; none where there is no such, and no network here has use for it. */
  readonly dtype?: Dtype;
}

type Row = readonly [name: string, bytes: number, dtype?: Dtype | undefined, storage?: string];

const ROWS: readonly Row[] = [
  ["float32", 4, "F32", "Float"],
  ["float64", 8, "F64", "Double"],
  ["float16", 2, "F16", "Half"],
  ["bfloat16", 2, "BF16", "BFloat16"],
  ["uint8", 1, "U8", "Byte"],
  ["int8", 1, "I8", "Char"],
  ["int16", 2, "I16", "Short"],
  ["int32", 4, "I32", "Int"],
  ["int64", 8, "I64", "Long"],
  ["bool", 1, "BOOL", "Bool"],
  ["uint16", 2, "U16"],
  ["uint32", 4, "U32"],
  ["uint64", 8, "U64"],
  ["float8_e4m3fn", 1, "F8_E4M3"],
  ["float8_e5m2", 1, "F8_E5M2"],
  ["float8_e4m3fnuz", 1],
  ["float8_e5m2fnuz", 1],
  ["float8_e8m0fnu", 1],
  ["complex32", 4, undefined, "ComplexHalf"],
  ["complex64", 8, undefined, "ComplexFloat"],
  ["complex128", 16, undefined, "ComplexDouble"],
  ["qint8", 1, undefined, "QInt8"],
  ["quint8", 1, undefined, "QUInt8"],
  ["qint32", 4, undefined, "QInt32"],
  ["quint4x2", 1, undefined, "QUInt4x2"],
  ["quint2x4", 1, undefined, "QUInt2x4"],
];

function element([name, bytes, dtype]: Row): Element {
  return { name, bytes, ...(dtype === undefined ? {} : { dtype }) };
}

/** By the dtype's whole name: "torch.float32". */
export const ELEMENT_OF_DTYPE: ReadonlyMap<string, Element> = new Map([
  ...ROWS.map((row) => [`torch.${row[0]}`, element(row)] as const),
  ["torch.half", element(["float16", 2, "F16"])],
  ["torch.float", element(["float32", 4, "F32"])],
  ["torch.double", element(["float64", 8, "F64"])],
  ["torch.long", element(["int64", 8, "I64"])],
  ["torch.int", element(["int32", 4, "I32"])],
]);

/** Bytes of no type: what `torch.UntypedStorage` holds. */
const UNTYPED: Element = { name: "untyped", bytes: 1 };

/** By the storage class's whole name, on the processor and on a graphics card: "torch.FloatStorage". */
export const ELEMENT_OF_STORAGE: ReadonlyMap<string, Element> = new Map([
  ...ROWS.flatMap((row) =>
    row[3] === undefined
      ? []
      : ["torch", "torch.cuda"].map((module) =>
        [`${module}.${row[3]}Storage`, ELEMENT_OF_DTYPE.get(`torch.${row[0]}`)!] as const
      )
  ),
  ["torch.UntypedStorage", UNTYPED],
  ["torch.storage.UntypedStorage", UNTYPED],
]);
