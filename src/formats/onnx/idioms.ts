/**
 * What exporters write in several nodes and a graph says in one: activations that an opset has no operator for. The nodes
 * stay together as the original of the one operation.
 *
 * @module
 */
import type { Activation } from "../../graph/activation.ts";
import type { Operation, Origin, ValueId } from "../../graph/graph.ts";
import type { OriginalNode } from "./original.ts";

/** A network on its way into a graph. */
export interface Draft {
  readonly outputs: readonly ValueId[];
  readonly operations: readonly Operation[];
}

/** Several operations that are one. */
interface Idiom {
  /** What it reads. */
  readonly input: ValueId;
  /** The operations, in any order; the last node gives the result. */
  readonly members: readonly Operation[];
  readonly activation: Activation;
}

/** The operations with one in place of each idiom. */
export function withIdioms(draft: Draft): readonly Operation[] {
  const search = new Search(draft);
  const replaced = new Map<Operation, Operation>();
  const gone = new Set<Operation>();
  // From the end, so that the whole of an expression is met before its parts.
  for (const operation of draft.operations.toReversed()) {
    if (gone.has(operation)) continue;
    const idiom = search.activation(operation);
    if (idiom === undefined || !search.isClosed(idiom, operation)) continue;
    const inOrder = draft.operations.filter((other) => idiom.members.includes(other));
    inOrder.forEach((member) => gone.add(member));
    const origin = togetherOf(operation, inOrder, idiom.input);
    replaced.set(operation, {
      op: "activation",
      activation: idiom.activation,
      name: operation.name,
      inputs: [idiom.input],
      outputs: operation.outputs,
      origin,
    });
  }
  return draft.operations.flatMap((operation) =>
    replaced.get(operation) ?? (gone.has(operation) ? [] : [operation])
  );
}

/** Looks at what makes values and who reads them. */
class Search {
  private readonly makers = new Map<ValueId, Operation>();
  private readonly readers = new Map<ValueId, Operation[]>();

  constructor(private readonly draft: Draft) {
    for (const operation of draft.operations) {
      for (const output of operation.outputs) this.makers.set(output, operation);
      for (const input of operation.inputs) {
        this.readers.set(input, [...this.readers.get(input) ?? [], operation]);
      }
    }
  }

  /** Whether nobody outside reads what lies between the members. */
  isClosed({ members }: Idiom, last: Operation): boolean {
    return members.every((member) =>
      member === last || member.outputs.every((output) =>
        !this.draft.outputs.includes(output) &&
        (this.readers.get(output) ?? []).every((reader) => members.includes(reader))
      )
    );
  }

  /** x·Φ(x) by erf, x·sigmoid(x), x·tanh(softplus(x)): products of x and of a function of x. */
  activation(last: Operation): Idiom | undefined {
    const product = this.product(last);
    if (product === undefined || product.factors.length !== 2) return undefined;
    for (const [x, y] of [product.factors, product.factors.toReversed()] as [ValueId, ValueId][]) {
      for (const [activation, constant, gate] of GATES) {
        const inner = gate(this, x, y);
        if (inner === undefined || Math.abs(product.constant - constant) > 1e-6) continue;
        return { input: x, members: [...product.members, ...inner], activation };
      }
    }
    return undefined;
  }

  /** The factors of a product and its constant; operations with other readers are factors. */
  private product(
    last: Operation,
  ): { factors: ValueId[]; constant: number; members: Operation[] } | undefined {
    const factors: ValueId[] = [];
    const members: Operation[] = [];
    let constant = 1;
    const visit = (operation: Operation | undefined, value: ValueId): void => {
      if (operation?.op === "multiply") {
        members.push(operation);
        operation.inputs.forEach((input) => visit(this.innerMaker(input), input));
      } else if (
        operation?.op === "scale" && operation.factors.length === 1 && operation.offsets.every((x) => x === 0)
      ) {
        members.push(operation);
        constant *= operation.factors[0]!;
        visit(this.innerMaker(operation.inputs[0]!), operation.inputs[0]!);
      } else {
        factors.push(value);
      }
    };
    visit(last, last.outputs[0]!);
    return members.some(({ op }) => op === "multiply") ? { factors, constant, members } : undefined;
  }

  private innerMaker(value: ValueId): Operation | undefined {
    return this.readers.get(value)?.length === 1 ? this.makers.get(value) : undefined;
  }

  /** What makes a value. */
  maker(value: ValueId | undefined): Operation | undefined {
    return value === undefined ? undefined : this.makers.get(value);
  }
}

/** The operations that make y of x where y is that function of x. */
type Gate = (search: Search, x: ValueId, y: ValueId) => readonly Operation[] | undefined;

/** Activations x · gate(x), and the constant that they are written with. */
const GATES: readonly (readonly [Activation, number, Gate])[] = [
  ["gelu", 0.5, (search, x, y) => {
    const plusOne = search.maker(y);
    const erf = isScale(plusOne, 1, 1) ? search.maker(plusOne!.inputs[0]) : undefined;
    const scaled = erf !== undefined && nodeOf(erf, "Erf") ? search.maker(erf.inputs[0]) : undefined;
    return isScale(scaled, Math.SQRT1_2, 0) && scaled!.inputs[0] === x
      ? [plusOne!, erf!, scaled!]
      : undefined;
  }],
  ["swish", 1, (search, x, y) => {
    const sigmoid = search.maker(y);
    return isActivation(sigmoid, "sigmoid") && sigmoid!.inputs[0] === x ? [sigmoid!] : undefined;
  }],
  ["mish", 1, (search, x, y) => {
    const tanh = search.maker(y);
    const softplus = isActivation(tanh, "tanh") ? search.maker(tanh!.inputs[0]) : undefined;
    return isActivation(softplus, "softplus") && softplus!.inputs[0] === x ? [tanh!, softplus!] : undefined;
  }],
];

function isScale(operation: Operation | undefined, factor: number, offset: number): boolean {
  return operation?.op === "scale" && operation.factors.length === 1 && operation.offsets.length === 1 &&
    Math.abs(operation.factors[0]! - factor) < 1e-6 && Math.abs(operation.offsets[0]! - offset) < 1e-6;
}

function isActivation(operation: Operation | undefined, activation: Activation): boolean {
  return operation?.op === "activation" && operation.activation === activation;
}

/** The node that an operation was read from, where it is of that type. */
function nodeOf({ origin }: Operation, opType: string) {
  return origin?.kind === opType ? (origin.original as OriginalNode).nodes.at(-1) : undefined;
}

/** One origin for all: the nodes in their order, reading what goes into the whole. */
function togetherOf(last: Operation, members: readonly Operation[], input: ValueId): Origin {
  const originals = members.map(({ origin }) => origin!.original as OriginalNode);
  const names = members.flatMap((member, i) =>
    member.inputs.flatMap((value, j) => value === input ? [originals[i]!.reads[j]!] : [])
  );
  const original: OriginalNode = {
    nodes: [...new Set(originals.flatMap(({ nodes }) => nodes))],
    reads: [names[0]!],
  };
  return { ...last.origin!, original };
}
