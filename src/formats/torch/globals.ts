/**
 * The names that a checkpoint's pickle may ask for, all of them. Each stands for arranging data: a tensor out of a storage,
 * a dictionary, or a placeholder where the content is of no use here. Any other name is refused, and nothing is ever looked
 * up in a runtime.
 * Reference: https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py
 *
 * @module
 */
import { type Element, ELEMENT_OF_DTYPE, ELEMENT_OF_STORAGE } from "./elements.ts";
import { type Refuse, shown } from "../refuse.ts";
import { describe } from "./pickle.ts";
import { checkView, MAX_RANK, TorchStorage, TorchTensor } from "./tensor.ts";
import { Global, Inert, type PickleValue } from "./values.ts";

type Call = (args: readonly PickleValue[], refuse: Refuse) => PickleValue;

const REBUILD_TENSOR = /^torch\._utils\._rebuild_tensor(?:_v[23])?$/;

/** Makes a tensor or a dictionary. */
const BUILDERS: Readonly<Record<string, Call>> = {
  "torch._utils._rebuild_tensor": (args, refuse) => rebuildTensor(args, undefined, refuse),
  "torch._utils._rebuild_tensor_v2": (args, refuse) => rebuildTensor(args, undefined, refuse),
  "torch._utils._rebuild_tensor_v3": (args, refuse) =>
    rebuildTensor(args, elementOf(args[6], refuse), refuse),
  "torch._utils._rebuild_parameter": ([tensor = null]) => tensor,
  "torch._utils._rebuild_parameter_with_state": ([tensor = null]) => tensor,
  "torch._tensor._rebuild_from_type_v2": ([rebuild, , args], refuse) =>
    // No other: one that calls itself could be nested without end.
    rebuild instanceof Global && REBUILD_TENSOR.test(rebuild.name) && Array.isArray(args)
      ? rebuild.call(args)
      : refuse(`its pickle rebuilds a tensor by ${describe(rebuild)} of ${describe(args)}`),
  "torch.nn.parameter.Parameter": ([tensor = null]) => tensor,
  "torch.nn.parameter.Buffer": ([tensor = null]) => tensor,
  "torch.Size": ([sizes = null]) => sizes,
  "collections.OrderedDict": ([pairs], refuse) => dictionary(pairs, refuse),
  "collections.Counter": ([counts]) => counts instanceof Map ? counts : new Map(),
  "collections.defaultdict": () => new Map(),
};

/** Classes and functions that hold or make data without weights, by module. A placeholder stands for what they make. */
const INERT: Readonly<Record<string, string>> = {
  "torch": "Tensor device Generator strided sparse_coo preserve_format contiguous_format channels_last",
  "torch._utils": "_rebuild_qtensor _rebuild_sparse_tensor _rebuild_meta_tensor_no_storage " +
    "_rebuild_device_tensor_from_numpy",
  "torch.serialization": "_get_layout",
  "torch.torch_version": "TorchVersion",
  "numpy": "dtype ndarray float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_",
  "numpy.core.multiarray": "scalar _reconstruct",
  "numpy._core.multiarray": "scalar _reconstruct",
  "numpy.core.numeric": "_frombuffer",
  "numpy._core.numeric": "_frombuffer",
  "numpy.dtypes": "Float16DType Float32DType Float64DType Int32DType Int64DType BoolDType StrDType",
  "_codecs": "encode",
  "builtins": "int float bool str bytes bytearray list dict tuple set frozenset complex slice range object",
  "__builtin__": "int long float bool str unicode list dict tuple set frozenset complex slice xrange object",
  "argparse": "Namespace",
  "types": "SimpleNamespace",
  "pathlib": "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath",
  "pathlib._local": "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath",
  "datetime": "datetime date time timedelta timezone",
  "decimal": "Decimal",
  "fractions": "Fraction",
  "uuid": "UUID",
  "yacs.config": "CfgNode",
  "fvcore.common.config": "CfgNode",
  "easydict": "EasyDict",
  "addict.addict": "Dict",
};

/** Where names come from that no checkpoint has a use for: they run commands, open files and connections, or load code. */
const DANGEROUS = new RegExp(
  "^(?:(?:os|nt|posix|sys|subprocess|pty|shutil|socket|runpy|importlib|ctypes|webbrowser|codeop|" +
    "pickle|_pickle|dill|cloudpickle|marshal|asyncio|multiprocessing|threading|signal|builtins|__builtin__|operator|" +
    "functools|timeit|cProfile|pdb|bdb|idlelib|pip|urllib|requests|http|ftplib|smtplib|tempfile|io|pydoc|" +
    "posixpath|nturl2path|platform|venv|ensurepip|torch\\.hub|torch\\.serialization|torch\\.jit|torch\\.utils|numpy\\.testing)" +
    "(?:\\.|$))",
);

const INERT_NAMES: ReadonlySet<string> = new Set(
  Object.entries(INERT).flatMap(([module, names]) => names.split(" ").map((name) => `${module}.${name}`)),
);

/**
 * The object of a name.
 *
 * @throws {InputError} when the name is none of those above.
 */
export function findGlobal(name: string, refuse: Refuse): Global {
  if (Object.hasOwn(BUILDERS, name)) return new Global(name, (args) => BUILDERS[name]!(args, refuse));
  if (INERT_NAMES.has(name) || ELEMENT_OF_DTYPE.has(name) || ELEMENT_OF_STORAGE.has(name)) {
    return new Global(name, () => new Inert(name));
  }
  if (DANGEROUS.test(name)) {
    return refuse(
      `its pickle asks for ${shown(name)}, which no checkpoint needs; nothing was run`,
      "Do not open this file in Python: it may have been made to run a program there. Get it from its maker again.",
    );
  }
  return refuse(
    `its pickle asks for ${shown(name)}, which is the code of another program; nothing was run`,
    "It holds a whole pickled object. Where that code is, and if you trust the file, save its weights alone: " +
      'torch.save(model.state_dict(), "weights.pth")',
  );
}

/**
 * What a persistent id stands for: `("storage", class, key, device, count)`, with a sixth, unused, in older files.
 *
 * @param known Storages by their keys; what is new is put there.
 */
export function findStorage(
  id: PickleValue,
  known: Map<string, TorchStorage>,
  refuse: Refuse,
): TorchStorage {
  const [word, type, key, , count, view = null] = Array.isArray(id) ? id : [];
  const element = type instanceof Global ? ELEMENT_OF_STORAGE.get(type.name) : undefined;
  if (word !== "storage" || element === undefined || typeof key !== "string" || !isCount(count)) {
    return refuse(
      `its pickle has a persistent id of ${describe(word)}, ${describe(type)}, ${describe(key)} and ${
        describe(count)
      }, expected a storage with its class, key and length`,
    );
  }
  if (view !== null) return refuse(`storage ${shown(key)} is a view of another, as PyTorch before 0.4 wrote`);
  const found = known.get(key);
  if (found === undefined) {
    const storage = new TorchStorage(key, element, count);
    known.set(key, storage);
    return storage;
  }
  if (found.element !== element || found.count !== count) {
    return refuse(
      `storage ${
        shown(key)
      } is said to be ${found.count} of ${found.element.name}, and ${count} of ${element.name}`,
    );
  }
  return found;
}

/** `(storage, offset, shape, strides, …)`. */
function rebuildTensor(
  [storage, offset, shape, strides]: readonly PickleValue[],
  element: Element | undefined,
  refuse: Refuse,
): PickleValue {
  if (!(storage instanceof TorchStorage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    return refuse(
      `its pickle makes a tensor of ${describe(storage)}, ${describe(offset)}, ${describe(shape)} and ${
        describe(strides)
      }, expected a storage, an offset, a shape and strides`,
    );
  }
  const own = element ?? storage.element;
  const view = { offset, shape, strides };
  checkView(view, Math.floor((storage.count * storage.element.bytes) / own.bytes), refuse);
  return new TorchTensor(storage, own, view);
}

function elementOf(dtype: PickleValue | undefined, refuse: Refuse): Element {
  const element = dtype instanceof Global ? ELEMENT_OF_DTYPE.get(dtype.name) : undefined;
  return element ?? refuse(`its pickle makes a tensor of dtype ${describe(dtype)}`);
}

/** From nothing, or from pairs, as Python 2 wrote them. */
function dictionary(pairs: PickleValue | undefined, refuse: Refuse): PickleValue {
  if (pairs === undefined) return new Map();
  if (!Array.isArray(pairs)) return refuse(`its pickle makes a dictionary of ${describe(pairs)}`);
  const made = new Map<PickleValue, PickleValue>();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      return refuse(`its pickle makes a dictionary with an item of ${describe(pair)}, expected a pair`);
    }
    made.set(pair[0]!, pair[1]!);
  }
  return made;
}

function isCount(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: PickleValue | undefined): value is number[] {
  return Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount);
}
