/**
 * A machine for pickles that builds values and runs nothing. Python's own machine calls whatever a pickle names; this one
 * knows the names of {@link PickleWorld.global} alone, and what stands for a call there merely arranges data.
 * Reference: https://github.com/python/cpython/blob/main/Lib/pickletools.py, protocols 2 to 5.
 *
 * Every length is held against the bytes that are there before anything is made of it. No value is copied but from bytes of
 * the file or from the stack, so that memory grows with the file alone, and a budget bounds it for large ones. Nothing
 * recurs: depth costs no stack.
 *
 * @module
 */
import type { ByteSource } from "../../files/byte_source.ts";
import { type Refuse, shown } from "../refuse.ts";
import { TorchTensor } from "./tensor.ts";
import { Global, Inert, type PickleValue } from "./values.ts";

/** What a pickle can reach outside itself. */
export interface PickleWorld {
  /** The object of that name; throws for a name that is not known. */
  readonly global: (name: string) => Global;
  /** The object of a persistent id. */
  readonly persistent: (id: PickleValue) => PickleValue;
  readonly refuse: Refuse;
}

/** A pickle's value, and where in the bytes it ended. */
export interface Unpickled {
  readonly value: PickleValue;
  readonly end: number;
}

/** Room for some 30,000 tensors with their optimizer's state, or 500 MB of values. */
const BUDGET = 4_000_000;

/** What making a container costs; any other step costs 1. */
const CONTAINER_COST = 8;

/** Of a global's module or its name. */
const MAX_NAME_BYTES = 500;

/** Bytes of an integer. The state of a random generator has 16. */
const MAX_INTEGER_BYTES = 255;

/**
 * The value of the pickle that begins at a byte.
 *
 * @param file May go on after the pickle.
 */
export function unpickle(file: ByteSource, start: number, world: PickleWorld): Unpickled {
  const machine = new Machine(file, start, world);
  for (;;) {
    const at = machine.position;
    const code = machine.byte();
    if (code === STOP) return { value: machine.pop(), end: machine.position };
    const step = STEPS[code];
    if (step === undefined) {
      return world.refuse(
        `byte ${at} of its pickle is opcode 0x${
          code.toString(16).padStart(2, "0")
        }, which PyTorch does not write`,
      );
    }
    machine.spend(1);
    step(machine);
  }
}

class Machine {
  readonly #file: ByteSource;
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #budget = BUDGET;
  position: number;

  constructor(file: ByteSource, start: number, readonly world: PickleWorld) {
    this.#file = file;
    this.position = start;
  }

  spend(cost: number): void {
    this.#budget -= cost;
    if (this.#budget < 0) {
      this.world.refuse(
        `its pickle builds more than ${BUDGET.toLocaleString("en")} values`,
        "Save the state dict of the network alone.",
      );
    }
  }

  /** The next bytes. */
  take(length: number): Uint8Array {
    const begin = this.position;
    if (!(length <= this.#file.length - begin)) {
      this.world.refuse(
        `byte ${begin} of its pickle claims ${length} bytes, and ${this.#file.length - begin} are there`,
      );
    }
    this.position += length;
    return this.#file.read(begin, this.position);
  }

  byte(): number {
    return this.take(1)[0]!;
  }

  /** An unsigned little-endian number of 1, 2, 4 or 8 bytes. */
  unsigned(bytes: 1 | 2 | 4 | 8): number {
    const view = this.#view(bytes);
    switch (bytes) {
      case 1:
        return view.getUint8(0);
      case 2:
        return view.getUint16(0, true);
      case 4:
        return view.getUint32(0, true);
      case 8:
        return Number(view.getBigUint64(0, true));
    }
  }

  int32(): number {
    return this.#view(4).getInt32(0, true);
  }

  /** A float is the one number that stands big-endian. */
  float64(): number {
    return this.#view(8).getFloat64(0);
  }

  #view(length: number): DataView {
    const { buffer, byteOffset } = this.take(length);
    return new DataView(buffer, byteOffset, length);
  }

  /** A line without its end. */
  line(): string {
    const end = Math.min(this.#file.length, this.position + MAX_NAME_BYTES + 1);
    const length = this.#file.read(this.position, end).indexOf(0x0a);
    if (length < 0) {
      this.world.refuse(`byte ${this.position} of its pickle begins a name that does not end`);
    }
    return text(this.take(length + 1).subarray(0, length));
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pushContainer(value: PickleValue): void {
    this.spend(CONTAINER_COST);
    this.#stack.push(value);
  }

  /** The topmost value, which must stand above the last mark. */
  top(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) {
      return this.world.refuse(`byte ${this.position - 1} of its pickle takes a value where there is none`);
    }
    return this.#stack.at(-1)!;
  }

  pop(): PickleValue {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  /** The topmost values, the last at the end. */
  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** All above the last mark, which goes too. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) {
      return this.world.refuse(`byte ${this.position - 1} of its pickle looks for a mark, and there is none`);
    }
    return this.#stack.splice(mark);
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) {
      this.world.refuse(`byte ${this.position} of its pickle recalls value ${index}, which it never kept`);
    }
    this.push(value!);
  }

  keep(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  /** Calls what stands for a global. */
  call(callee: PickleValue, args: PickleValue): void {
    if (!(callee instanceof Global)) {
      return this.world.refuse(`byte ${this.position - 1} of its pickle calls ${describe(callee)}`);
    }
    if (!Array.isArray(args)) {
      return this.world.refuse(`its pickle calls ${callee.name} with ${describe(args)}, expected a tuple`);
    }
    // Arguments may be recalled again and again; whoever makes a dictionary of them takes as much each time.
    this.spend(args.reduce((sum: number, arg) => sum + (Array.isArray(arg) ? 2 * arg.length : 0), 0));
    this.pushContainer(callee.call(args));
  }

  /** Puts values at the end of the list on top. */
  append(values: readonly PickleValue[]): void {
    const list = this.top();
    if (list instanceof Inert) return;
    if (!Array.isArray(list)) return this.world.refuse(`its pickle appends to ${describe(list)}`);
    for (const value of values) list.push(value);
  }

  /** Puts keys and values, in turn, into the dictionary on top. */
  assign(pairs: readonly PickleValue[]): void {
    const dictionary = this.top();
    if (pairs.length % 2 !== 0) this.world.refuse("its pickle gives a dictionary a key without a value");
    if (dictionary instanceof Inert) return;
    if (!(dictionary instanceof Map)) {
      return this.world.refuse(`its pickle sets items of ${describe(dictionary)}`);
    }
    for (let i = 0; i < pairs.length; i += 2) dictionary.set(pairs[i]!, pairs[i + 1]!);
  }

  /** Attributes of an object: a state dict's `_metadata`, a namespace's content. No weight is among them. */
  build(): void {
    this.pop();
    const target = this.top();
    if (target instanceof Map || target instanceof Inert || target instanceof TorchTensor) return;
    this.world.refuse(`its pickle sets attributes of ${describe(target)}`);
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== "string" || typeof name !== "string") {
      return this.world.refuse(`its pickle names a global by ${describe(module)} and ${describe(name)}`);
    }
    this.push(this.world.global(`${module}.${name}`));
  }

  /** Two's complement, little-endian. */
  integer(length: number): void {
    if (length > MAX_INTEGER_BYTES) this.world.refuse(`its pickle holds an integer of ${length} bytes`);
    const bytes = this.take(length);
    const unsigned = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const value = BigInt.asIntN(8 * length, unsigned);
    this.push(Number.isSafeInteger(Number(value)) ? Number(value) : value);
  }
}

type Step = (machine: Machine) => void;

const STOP = 0x2e;

/** What each opcode does, by its code. */
const STEPS: Readonly<Record<number, Step>> = {
  /* PROTO            */ 0x80: (m) => checkProtocol(m),
  /* FRAME            */ 0x95: (m) => m.unsigned(8),
  /* MARK             */ 0x28: (m) => m.mark(),
  /* POP              */ 0x30: (m) => m.pop(),
  /* POP_MARK         */ 0x31: (m) => m.popMark(),
  /* DUP              */ 0x32: (m) => m.push(m.top()),

  /* NONE             */ 0x4e: (m) => m.push(null),
  /* NEWTRUE          */ 0x88: (m) => m.push(true),
  /* NEWFALSE         */ 0x89: (m) => m.push(false),
  /* BININT           */ 0x4a: (m) => m.push(m.int32()),
  /* BININT1          */ 0x4b: (m) => m.push(m.unsigned(1)),
  /* BININT2          */ 0x4d: (m) => m.push(m.unsigned(2)),
  /* LONG1            */ 0x8a: (m) => m.integer(m.unsigned(1)),
  /* LONG4            */ 0x8b: (m) => m.integer(m.unsigned(4)),
  /* BINFLOAT         */ 0x47: (m) => m.push(m.float64()),

  /* BINUNICODE       */ 0x58: (m) => m.push(text(m.take(m.unsigned(4)))),
  /* SHORT_BINUNICODE */ 0x8c: (m) => m.push(text(m.take(m.unsigned(1)))),
  /* BINUNICODE8      */ 0x8d: (m) => m.push(text(m.take(m.unsigned(8)))),
  /* BINSTRING        */ 0x54: (m) => m.push(text(m.take(m.unsigned(4)))),
  /* SHORT_BINSTRING  */ 0x55: (m) => m.push(text(m.take(m.unsigned(1)))),
  /* BINBYTES         */ 0x42: (m) => m.pushContainer(m.take(m.unsigned(4))),
  /* SHORT_BINBYTES   */ 0x43: (m) => m.pushContainer(m.take(m.unsigned(1))),
  /* BINBYTES8        */ 0x8e: (m) => m.pushContainer(m.take(m.unsigned(8))),
  /* BYTEARRAY8       */ 0x96: (m) => m.pushContainer(m.take(m.unsigned(8))),

  /* EMPTY_TUPLE      */ 0x29: (m) => m.pushContainer([]),
  /* TUPLE1           */ 0x85: (m) => m.pushContainer(m.popMany(1)),
  /* TUPLE2           */ 0x86: (m) => m.pushContainer(m.popMany(2)),
  /* TUPLE3           */ 0x87: (m) => m.pushContainer(m.popMany(3)),
  /* TUPLE            */ 0x74: (m) => m.pushContainer(m.popMark()),
  /* EMPTY_LIST       */ 0x5d: (m) => m.pushContainer([]),
  /* LIST             */ 0x6c: (m) => m.pushContainer(m.popMark()),
  /* APPEND           */ 0x61: (m) => m.append([m.pop()]),
  /* APPENDS          */ 0x65: (m) => m.append(m.popMark()),
  /* EMPTY_DICT       */ 0x7d: (m) => m.pushContainer(new Map()),
  /* SETITEM          */ 0x73: (m) => m.assign(m.popMany(2)),
  /* SETITEMS         */ 0x75: (m) => m.assign(m.popMark()),
  /* EMPTY_SET        */ 0x8f: (m) => m.pushContainer([]),
  /* ADDITEMS         */ 0x90: (m) => m.append(m.popMark()),
  /* FROZENSET        */ 0x91: (m) => m.pushContainer(m.popMark()),

  /* BINPUT           */ 0x71: (m) => m.keep(m.unsigned(1)),
  /* LONG_BINPUT      */ 0x72: (m) => m.keep(m.unsigned(4)),
  /* MEMOIZE          */ 0x94: (m) => m.keep(),
  /* BINGET           */ 0x68: (m) => m.recall(m.unsigned(1)),
  /* LONG_BINGET      */ 0x6a: (m) => m.recall(m.unsigned(4)),

  /* GLOBAL           */ 0x63: (m) => m.global(m.line(), m.line()),
  /* INST             */ 0x69: (m) => m.global(m.line(), m.line()),
  /* STACK_GLOBAL     */ 0x93: (m) => {
    const [module, name] = m.popMany(2);
    m.global(module!, name!);
  },
  /* REDUCE           */ 0x52: (m) => callTop(m),
  /* NEWOBJ           */ 0x81: (m) => callTop(m),
  /* NEWOBJ_EX        */ 0x92: (m) => {
    m.pop();
    callTop(m);
  },
  /* BUILD            */ 0x62: (m) => m.build(),
  /* BINPERSID        */ 0x51: (m) => m.push(m.world.persistent(m.pop())),
};

function callTop(machine: Machine): void {
  const [callee, args] = machine.popMany(2);
  machine.call(callee!, args!);
}

function checkProtocol(machine: Machine): void {
  const protocol = machine.unsigned(1);
  if (protocol < 2 || protocol > 5) {
    machine.world.refuse(`its pickle is of protocol ${protocol}, expected 2 to 5`);
  }
}

const UTF8 = new TextDecoder();

function text(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/** A value in words, for messages. */
export function describe(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (value instanceof Global || value instanceof Inert) return value.name;
  if (value instanceof TorchTensor) return "a tensor";
  if (value instanceof Map) return "a dictionary";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "string") return `the text "${shown(value)}"`;
  return typeof value === "object" ? "a storage" : `the value ${value}`;
}
