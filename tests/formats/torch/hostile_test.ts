import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { InputError } from "../../../src/errors.ts";
import { readTorchCheckpoint } from "../../../src/formats/torch/read.ts";
import { Random } from "../../../src/random.ts";
import {
  bytes,
  checkpoint,
  dictionary,
  global,
  integer,
  LEGACY_HEAD,
  pickle,
  storage,
  tensor,
  text,
  tuple,
  unsigned,
  zip,
} from "./pickles.ts";

const FIXTURES = new URL("../../fixtures/torch/", import.meta.url);

function fixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(name, FIXTURES)));
}

/** Float32 zeros. */
const zeros = (count: number) => new Uint8Array(4 * count);

const good = dictionary({ w: tensor(storage("0", 2), [2], [1]) });

/** Calls a name with one text. */
const call = (module: string, name: string) => bytes(global(module, name), tuple(text("touch owned")), "R");

/** As many of the same. */
const times = (count: number, ...parts: (string | number | Uint8Array)[]) =>
  new Uint8Array(Buffer.concat(new Array<Uint8Array>(count).fill(bytes(...parts))));

const REFUSALS: readonly [what: string, file: Uint8Array, reason: RegExp, hint?: RegExp][] = [
  // What would run.
  [
    "os.system",
    checkpoint(pickle(call("os", "system"))),
    /asks for os\.system,.* nothing was run/,
    /Do not open/,
  ],
  ["posix.system", checkpoint(pickle(call("posix", "system"))), /asks for posix\.system/],
  ["builtins.eval", checkpoint(pickle(call("builtins", "eval"))), /asks for builtins\.eval/, /Do not open/],
  ["builtins.getattr", checkpoint(pickle(global("builtins", "getattr"))), /asks for builtins\.getattr/],
  ["a name of two parts", checkpoint(pickle(global("torch", "hub.load"))), /asks for torch\.hub\.load/],
  ["a name by stack", checkpoint(pickle(text("os"), text("system"), 0x93)), /asks for os\.system/],
  ["INST", checkpoint(pickle("(", text("x"), "ios\nsystem\n")), /asks for os\.system/],
  [
    "a name from the prototype",
    checkpoint(pickle(global("__proto__", "constructor"))),
    /__proto__\.constructor/,
  ],
  ["a name with control characters", checkpoint(pickle(global("a\x1b[2J", "b"))), /asks for a\?\[2J\.b/],
  [
    "os.system in a nested REDUCE",
    checkpoint(pickle(
      global("collections", "OrderedDict"),
      tuple(bytes(global("torch", "Size"), tuple(call("os", "system")), "R")),
      "R",
    )),
    /asks for os\.system/,
  ],
  ["the call of a text", checkpoint(pickle(text("os.system"), ")R")), /calls the text "os\.system"/],
  [
    "the call of a call's result",
    checkpoint(pickle(global("torch", "device"), ")R)R")),
    /calls torch\.device/,
  ],
  [
    "a tensor rebuilt by itself",
    checkpoint(pickle(
      global("torch._tensor", "_rebuild_from_type_v2"),
      tuple(global("torch._tensor", "_rebuild_from_type_v2"), bytes("N"), bytes(")"), bytes("N")),
      "R",
    )),
    /rebuilds a tensor by torch\._tensor\._rebuild_from_type_v2/,
  ],
  [
    "attributes of a function",
    checkpoint(pickle(global("torch", "Size"), "}b")),
    /sets attributes of torch\.Size/,
  ],
  ["os.system in a legacy file", bytes(LEGACY_HEAD, pickle(call("os", "system"))), /asks for os\.system/],
  ["a pickle of os.system alone", pickle(call("os", "system")), /asks for os\.system/],
  ["a whole module", fixture("whole-module.pt"), /asks for torch\.nn\.modules\.linear\.Linear/, /state_dict/],
  ["a TorchScript archive", fixture("torchscript.pt"), /TorchScript/, /torch\.jit\.load/],

  // What would fill the memory, or never end.
  [
    "a tuple of 10^9 elements",
    checkpoint(dictionary({ w: tensor(storage("0", 1), [1e9], [1]) }), { "0": zeros(1) }),
    /reaches element 999999999 of a storage of 1/,
  ],
  [
    "10^9 elements in one number",
    checkpoint(dictionary({ w: tensor(storage("0", 1), [1e9], [0]) }), {
      "0": zeros(1),
    }),
    /says 1000000000 elements in a storage of 1/,
  ],
  [
    "a shape beyond all numbers",
    checkpoint(
      dictionary({
        w: tensor(storage("0", 1), new Array(60).fill(2n ** 52n), new Array(60).fill(0)),
      }),
      { "0": zeros(1) },
    ),
    /elements in a storage of 1/,
  ],
  [
    "a storage that is not there",
    checkpoint(dictionary({ w: tensor(storage("0", 1e12), [1e12], [1]) })),
    /storage 0 of 4000000000000 bytes is not in the archive/,
  ],
  ["a storage shorter than it says", checkpoint(good, { "0": zeros(1) }), /storage 0 has 4 bytes, .* says 8/],
  [
    "a negative offset",
    checkpoint(dictionary({ w: tensor(storage("0", 2), [1], [1], -1n) })),
    /makes a tensor of/,
  ],
  [
    "a negative stride",
    checkpoint(dictionary({ w: tensor(storage("0", 2), [2], [-1n], 1) })),
    /makes a tensor of/,
  ],
  [
    "more strides than axes",
    checkpoint(dictionary({ w: tensor(storage("0", 2), [2], [1, 1]) })),
    /1 axes and 2 str/,
  ],
  [
    "65 axes",
    checkpoint(dictionary({
      w: tensor(storage("0", 1), new Array(65).fill(1), new Array(65).fill(1)),
    })),
    /makes a tensor of/,
  ],
  [
    "a text of 2 GB",
    checkpoint(pickle("X", unsigned(0x7fffffff, 4))),
    /claims 2147483647 bytes, and 1 are there/,
  ],
  [
    "a text of 2^64 bytes",
    checkpoint(pickle(0x8d, unsigned(2n ** 64n - 1n, 8))),
    /claims 18446744073709552000 bytes/,
  ],
  ["an integer of 1 GB", checkpoint(pickle(0x8b, unsigned(1e9, 4))), /an integer of 1000000000 bytes/],
  ["a million dictionaries", checkpoint(pickle(times(1e6, "}"))), /builds more than 4,000,000 values/],
  [
    "a large list that is recalled again and again",
    checkpoint(
      pickle(
        bytes("NN", 0x86, "q", 1, "0("),
        times(1e5, "h", 1),
        bytes("lq", 0, "0"),
        times(1e5, global("collections", "OrderedDict"), "h", 0, 0x85, "R0"),
        "N",
      ),
    ),
    /builds more than 4,000,000 values/,
  ],
  ["marks without end", checkpoint(pickle(times(5e6, "("))), /builds more than/],
  [
    "dictionaries 10^5 deep",
    checkpoint(pickle(times(1e5, "}", text("a")), "N", times(1e5, "s"))),
    /more than 32 deep/,
  ],
  ["a circle", checkpoint(pickle("}q", 0, text("self"), "h", 0, "s")), /no tensor in it, but a dictionary/],
  [
    "dictionaries that double 40 times",
    checkpoint(pickle(
      "}q",
      0,
      ...Array.from(
        { length: 40 },
        (_, i) => bytes("0}", text("a"), "h", i, "s", text("b"), "h", i, "s", "q", i + 1),
      ),
    )),
    /no tensor|32 deep/,
  ],
  ["a name without end", checkpoint(bytes(0x80, 2, "c", times(1e5, "a"))), /begins a name that does not end/],
  [
    "a tensor's name of a million characters",
    checkpoint(
      pickle("}", bytes("X", unsigned(1e6, 4), times(1e6, "n")), tensor(storage("0", 1), [1], [1]), "s"),
      { "0": zeros(1) },
    ),
    /name of a tensor has 1000000 characters/,
  ],

  [
    "a thousand tensors that share one storage",
    checkpoint(
      dictionary(
        Object.fromEntries(
          Array.from({ length: 1000 }, (_, i) => [`w${i}`, tensor(storage("0", 3e4), [3e4], [1])]),
        ),
      ),
      { "0": zeros(3e4) },
    ),
    /speak of 120000000 bytes, in a file of/,
  ],

  // Pickles that are none.
  ["an empty pickle", checkpoint(new Uint8Array(0)), /claims 1 bytes, and 0 are there/],
  ["a pickle without an end", checkpoint(bytes(0x80, 2, "N")), /claims 1 bytes/],
  ["a stack that is empty", checkpoint(pickle("0")), /takes a value where there is none/],
  ["a pop below a mark", checkpoint(pickle("N(0")), /takes a value where there is none/],
  ["a mark that is missing", checkpoint(pickle("t")), /looks for a mark/],
  ["a memo that is empty", checkpoint(pickle("h", 3)), /recalls value 3/],
  ["protocol 6", checkpoint(bytes(0x80, 6, "N.")), /protocol 6, expected 2 to 5/],
  ["an opcode of protocol 0", checkpoint(pickle("I1\n")), /opcode 0x49/],
  ["a key without a value", checkpoint(pickle("}(", text("a"), "u")), /a key without a value/],
  ["an append to a dictionary", checkpoint(pickle("}Na")), /appends to a dictionary/],
  ["a persistent id that is a number", checkpoint(pickle("K", 1, "Q")), /persistent id of nothing/],
  [
    "two lengths of one storage",
    checkpoint(dictionary({
      a: tensor(storage("0", 1), [1], [1]),
      b: tensor(storage("0", 2), [1], [1]),
    })),
    /storage 0 is said to be 1 of float32, and 2 of float32/,
  ],
  [
    "arguments that are no tuple",
    checkpoint(pickle(global("torch", "Size"), "NR")),
    /with None, expected a tuple/,
  ],
  [
    "a tensor of nothing",
    checkpoint(pickle(global("torch._utils", "_rebuild_tensor_v2"), ")R")),
    /tensor of nothing/,
  ],

  // Archives that lie.
  ["no data.pkl", zip([{ name: "a.txt", data: zeros(1) }]), /without a data\.pkl \(it holds a\.txt\)/],
  [
    "a zipped checkpoint",
    zip([{ name: "net.pth", data: zeros(1) }]),
    /zip archive around net\.pth/,
    /Unpack/,
  ],
  ["a Keras archive", zip([{ name: "model.weights.h5", data: zeros(1) }]), /a Keras archive/],
  ["compressed entries", fixture("compressed.pth"), /entry tensors\/data\.pkl is compressed/, /torch\.save/],
  [
    "a bomb of 4 GB",
    zip([{ name: "n/data.pkl", data: zeros(9), method: 8, claimed: 0xfffffffe }]),
    /claims the bytes/,
  ],
  ["an encrypted entry", zip([{ name: "n/data.pkl", data: good, flags: 1 }]), /is encrypted/],
  [
    "an entry longer than the file",
    zip([{ name: "n/data.pkl", data: good, claimed: 1e6 }]),
    /claims the bytes up to/,
  ],
  [
    "entries that overlap",
    zip([{ name: "n/data.pkl", data: good }, { name: "n/b", data: good, place: 0 }]),
    /overlap/,
  ],
  [
    "the same name twice",
    zip([{ name: "n/data.pkl", data: good }, { name: "n/data.pkl", data: good }]),
    /twice/,
  ],
  ["an entry where none is", zip([{ name: "n/data.pkl", data: good, place: 3 }]), /does not begin at byte 3/],
  [
    "an entry outside the file",
    zip([{ name: "n/data.pkl", data: good, place: 1e9 }]),
    /points to byte 1000000004/,
  ],
  ["more entries than there are", zip([{ name: "n/data.pkl", data: good }], 9), /claims 9 entries/],
  ["a cut archive", fixture("zip.pth").subarray(0, 9000), /no directory at its end: the file is cut/],
  [
    "big-endian numbers",
    zip([
      { name: "n/data.pkl", data: good },
      { name: "n/byteorder", data: bytes("big") },
    ]),
    /byte order is big/,
  ],

  // Legacy files that lie.
  ["a pickle of something else", pickle(text("hello")), /a pickle of the text "hello"/],
  [
    "another version",
    bytes(LEGACY_HEAD.subarray(0, 15), pickle("K", 9)),
    /version the value 9, expected 1001/,
  ],
  ["a cut legacy file", fixture("legacy.pth").subarray(0, -5), /it is cut/],
  ["a legacy file without storages", bytes(LEGACY_HEAD, good, pickle("]")), /storage 0 is not in the file/],
  [
    "a legacy storage of 2^60",
    bytes(LEGACY_HEAD, good, pickle("]", text("0"), "a"), unsigned(2n ** 60n, 8)),
    /storage 0 has 1152921504606847000 elements, .* says 2/,
  ],
  [
    "a key that is a number",
    bytes(LEGACY_HEAD, good, pickle("]K", 1, "a")),
    /list of storages has the value 1/,
  ],
  ["keys that are no list", bytes(LEGACY_HEAD, good, pickle("N")), /list of storages is None/],

  // Other files.
  ["an empty file", new Uint8Array(0), /it is empty/],
  [
    "a Git LFS pointer",
    bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    /Git LFS/,
    /git lfs pull/,
  ],
  ["a web page", bytes("\n<!DOCTYPE html><html>"), /an HTML page/, /curl -L/],
  ["an HDF5 file", bytes(0x89, "HDF\r\n", 0x1a, "\n"), /HDF5/],
  ["a gzip", bytes(0x1f, 0x8b, 8), /gzip/, /gunzip/],
  ["a tar", bytes(new Uint8Array(257), "ustar", new Uint8Array(300)), /a tar archive/],
  ["a safetensors file", bytes(unsigned(2, 8), "{}"), /a safetensors file/, /repfuse import/],
  ["a picture", bytes(0x89, "PNG\r\n"), /it is a picture/],
  ["what nobody knows", bytes(0x91, "PNG\r\n"), /begins with the bytes 91 50 4e 47/],
  ["no tensors", checkpoint(pickle("}")), /no tensor in it/],
  ["a lone number", checkpoint(pickle(integer(5))), /no tensor in it, but the value 5/],
];

for (const [what, file, reason, hint] of REFUSALS) {
  Deno.test(`readTorchCheckpoint() refuses ${what}`, () => {
    assert.throws(() => readTorchCheckpoint(file, "net.pth"), (error: unknown) => {
      assert.ok(error instanceof InputError, String(error));
      assert.match(error.message, /^Cannot read net\.pth as a PyTorch checkpoint: /);
      assert.match(error.message, reason);
      assert.ok(error.message.length < 600);
      if (hint !== undefined) assert.match(error.hint!, hint);
      return true;
    });
  });
}

/** Changes some bytes, and at times the length. */
function damage(file: Uint8Array, random: Random): Uint8Array {
  const at = (end: number) => Math.floor(random.uniform(0, end));
  const damaged = file.slice(0, random.uniform(0, 1) < 0.1 ? at(file.length) : file.length);
  for (let i = 0; i <= at(4) && damaged.length > 0; i++) {
    const values = [at(256), 0, 0xff, 0x80, damaged[at(damaged.length)]!];
    damaged[at(damaged.length)] = values[at(values.length)]!;
  }
  return damaged;
}

const FUZZED = ["tensors.pt", "tensors-legacy.pt", "protocol-4.pt", "training.pth.tar"];

/** Runs over each file; more for a long search by hand. */
const FUZZ_RUNS = 2500;

for (const name of FUZZED) {
  Deno.test(`readTorchCheckpoint() reads or refuses ${name} however it is damaged, and never crashes`, () => {
    const random = Random.from(10, name);
    const file = fixture(name);
    for (let run = 0; run < FUZZ_RUNS; run++) {
      const damaged = damage(file, random);
      try {
        for (const { data } of readTorchCheckpoint(damaged).tensors.values()) assert(data.length < 2 ** 24);
      } catch (error) {
        assert.ok(error instanceof InputError, `run ${run}: ${error instanceof Error ? error.stack : error}`);
      }
    }
  });
}
