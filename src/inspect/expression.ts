/**
 * What a band computes, on one line: "(3x3 BN + 1x1 BN + BN) ReLU". Layers follow one another from left to right, as the
 * image passes them; the name of the input and explicit padding are left out.
 *
 * @module
 */
import type { BandNode } from "./bands.ts";

/** How each join of several branches is written between them. */
const ADDITION = "+";

/** The input, where it is added as it is. */
const IDENTITY = "id";

/**
 * The expression of what a band gives: that of the node that no other reads, or the sum of several.
 *
 * @param nodes The nodes of the band, in the order in which they compute.
 */
export function expressionOf(nodes: readonly BandNode[]): string {
  const ends = nodes.map((_, i) => i).filter((i) => !nodes.some(({ inputs }) => inputs.includes(i)));
  return ends.map((end) => upTo(nodes, end).text).join(" + ");
}

interface Expression {
  /** Empty for the input itself. */
  readonly text: string;
  /** Whether it needs parentheses when something follows. */
  readonly isSum: boolean;
}

const INPUT: Expression = { text: "", isSum: false };

function upTo(nodes: readonly BandNode[], index: number): Expression {
  const node = nodes[index]!;
  const operands = node.inputs.map((input) => upTo(nodes, input));
  if (node.readsOutside) operands.push(INPUT);
  const [before = INPUT] = operands;
  if (node.role === "padding") return before;
  if (node.role === "join") {
    const terms = operands.map(({ text }) => text === "" ? IDENTITY : text);
    if (node.label === ADDITION) return { text: terms.join(" + "), isSum: true };
    return { text: `${node.label}(${terms.join(", ")})`, isSum: false };
  }
  if (before.text === "") return { text: node.label, isSum: false };
  return { text: `${before.isSum ? `(${before.text})` : before.text} ${node.label}`, isSum: false };
}
