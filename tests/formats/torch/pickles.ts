/** Pickles written by hand, opcode by opcode, and archives around them: what no `torch.save` would write. */

/** Bytes of texts and of numbers; a number is one byte. */
export function bytes(...parts: (string | number | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => {
    if (typeof part === "string") return [...new TextEncoder().encode(part)];
    return typeof part === "number" ? [part] : [...part];
  }));
}

/** Little-endian. */
export function unsigned(value: number | bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
}

/** A text of less than 256 bytes. */
export function text(value: string): Uint8Array {
  return bytes("X", unsigned(new TextEncoder().encode(value).length, 4), value);
}

/** A name that a pickle asks for. */
export function global(module: string, name: string): Uint8Array {
  return bytes("c", `${module}\n${name}\n`);
}

/** An integer that may need 8 bytes. */
export function integer(value: number | bigint): Uint8Array {
  return bytes(0x8a, 9, unsigned(value, 9));
}

/** A tuple of any length. */
export function tuple(...items: Uint8Array[]): Uint8Array {
  return bytes("(", ...items, "t");
}

/** A storage by its persistent id. */
export function storage(key: string, count: number | bigint, type = "FloatStorage"): Uint8Array {
  return bytes(tuple(text("storage"), global("torch", type), text(key), text("cpu"), integer(count)), "Q");
}

/** A tensor. */
export function tensor(
  from: Uint8Array,
  shape: (number | bigint)[],
  strides: (number | bigint)[],
  offset: number | bigint = 0,
): Uint8Array {
  return bytes(
    global("torch._utils", "_rebuild_tensor_v2"),
    tuple(
      from,
      integer(offset),
      tuple(...shape.map(integer)),
      tuple(...strides.map(integer)),
      bytes(0x89),
      bytes(global("collections", "OrderedDict"), ")R"),
    ),
    "R",
  );
}

/** A state dict as a whole pickle. */
export function dictionary(items: Record<string, Uint8Array>): Uint8Array {
  return pickle("}(", ...Object.entries(items).flatMap(([name, value]) => [text(name), value]), "u");
}

/** A whole pickle of protocol 2. */
export function pickle(...parts: (string | number | Uint8Array)[]): Uint8Array {
  return bytes(0x80, 2, ...parts, ".");
}

/** One entry of an archive; what is not given is as it should be. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** What the directory says of its length. */
  readonly claimed?: number;
  /** What the directory says of its place. */
  readonly place?: number;
}

/** A zip archive; `claimedCount` is what its end record says. */
export function zip(entries: readonly ZipEntry[], claimedCount = entries.length): Uint8Array<ArrayBuffer> {
  let body: Uint8Array = new Uint8Array(0);
  let directory: Uint8Array = new Uint8Array(0);
  for (const { name, data, method = 0, flags = 0, claimed = data.length, place = body.length } of entries) {
    const length = unsigned(name.length, 2);
    const shared = bytes(unsigned(flags, 2), unsigned(method, 2), unsigned(0, 8), unsigned(claimed, 4));
    const sizes = bytes(shared, unsigned(claimed, 4), length, unsigned(0, 2));
    directory = bytes(
      directory,
      ...["PK", 1, 2, unsigned(20, 4), sizes, unsigned(0, 10), unsigned(place, 4), name],
    );
    body = bytes(body, "PK", 3, 4, unsigned(20, 2), sizes, name, data);
  }
  const count = unsigned(claimedCount, 2);
  const end = bytes("PK", 5, 6, unsigned(0, 4), count, count, unsigned(directory.length, 4));
  return bytes(body, directory, end, unsigned(body.length, 4), unsigned(0, 2));
}

/** A checkpoint around a pickle, with storages by key. */
export function checkpoint(
  data: Uint8Array,
  storages: Record<string, Uint8Array> = {},
): Uint8Array<ArrayBuffer> {
  return zip([
    { name: "net/data.pkl", data },
    ...Object.entries(storages).map(([key, data]) => ({ name: `net/data/${key}`, data })),
  ]);
}

/** How a file of PyTorch before 1.6 begins: magic number, protocol, and what machine wrote it. */
export const LEGACY_HEAD = bytes(
  pickle(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19),
  pickle("M", 0xe9, 0x03),
  pickle("}", text("little_endian"), 0x88, "s"),
);
