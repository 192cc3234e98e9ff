/**
 * A network and its fused form side by side, cut into bands: each holds the layers of the training form that became one
 * thing in the deploy form, and that thing. Bands come in the order in which the network computes, and tensors pass
 * between bands only where one ends, because what is inside a region is computed nowhere else.
 *
 * @module
 */
import type { FusedRegion, FusionReport } from "../fuse/report.ts";
import type { Call, Calls, Layer } from "./calls.ts";
import { type Role, roleOf, shortLabel } from "./labels.ts";

/** One call of a layer. */
export interface BandNode {
  /** The layer's name. */
  readonly layer: string;
  /** The layer in a few characters: "3x3/2", "BN". */
  readonly label: string;
  /** The part that it plays. */
  readonly role: Role;
  /** Channels of what it gives; `null` where they are not known. */
  readonly channels: number | null;
  /** The nodes of the same band that it reads, by their place in it. */
  readonly inputs: readonly number[];
  /** Whether it reads what other bands give. */
  readonly readsOutside: boolean;
}

/** Layers of the training form, and what they became. */
export interface Band {
  /**
   * "merged" layers became one; "kept" layers are as they were; "removed" ones do nothing at inference; an "input" is one.
   */
  readonly kind: "input" | "merged" | "kept" | "removed";
  /** The region's name, or the layer's. */
  readonly name: string;
  /** In the order in which they compute. */
  readonly training: readonly BandNode[];
  /** One layer, or a padding and one layer; none where nothing is left. */
  readonly fused: readonly BandNode[];
  /** The region of the report, for a merged band. */
  readonly region?: FusedRegion;
  /** The bands whose outputs it reads in the training form. */
  readonly sources: readonly number[];
  /** The same in the deploy form. */
  readonly fusedSources: readonly number[];
}

/** A band while its calls are gathered. */
interface Draft {
  readonly kind: Band["kind"];
  readonly name: string;
  readonly training: ReadonlySet<Call>;
  /** The calls that other bands may read. */
  readonly ends: readonly Call[];
  readonly fused: Set<Call>;
  readonly region?: FusedRegion;
}

/**
 * Cuts a network and its fused form into bands.
 *
 * @param training The graph of the training form.
 * @param fused The graph of what `fuse` made of it.
 * @param report What `fuse` says it did.
 */
export function cutIntoBands(training: Calls, fused: Calls, report: FusionReport): readonly Band[] {
  const regions = callsOfRegions(training, report.regions);
  const free = neededCalls(training).filter((call) => !regions.some(({ calls }) => calls.has(call)));
  const takeFree = (wanted: (layer: Layer) => boolean) => {
    const index = free.findIndex((call) => wanted(call.layer));
    return index < 0 ? [] : free.splice(index, 1);
  };

  const drafts: Draft[] = [];
  let waiting: Call[] = [];
  for (const call of neededCalls(fused)) {
    const { name } = call.layer;
    const op = opOf(call.layer);
    const own = regions.find(({ region }) => region.fused.layer === name);
    if (own !== undefined) {
      const { region, calls, ends } = own;
      drafts.push({
        kind: "merged",
        name: regionTitle(region),
        training: calls,
        ends,
        fused: new Set([...waiting, call]),
        region,
      });
      waiting = [];
      continue;
    }
    const last = drafts.findLast(({ region }) =>
      region !== undefined && name.startsWith(`${region.fused.layer}/`)
    );
    if (last !== undefined) {
      last.fused.add(call);
      continue;
    }
    const kept = takeFree((layer) =>
      layer.name === name || (op === "add" && name.startsWith(`${layer.name}/sum`))
    );
    if (kept.length === 0) {
      // A layer that is new, and no region: the padding or the copy in front of the next one.
      waiting.push(call);
      continue;
    }
    const kind = op === undefined ? "input" : "kept";
    drafts.push({
      kind,
      name: kept[0]!.layer.name,
      training: new Set(kept),
      ends: kept,
      fused: new Set([...waiting, call]),
    });
    waiting = [];
  }
  for (const copy of waiting) {
    const [input] = copy.inputs;
    drafts.find(({ fused }) => input !== undefined && fused.has(input))?.fused.add(copy);
  }
  const places = new Map(training.calls.map((call, place) => [call, place]));
  const placeOf = (draft: Draft) => Math.max(...Array.from(draft.training, (call) => places.get(call)!));
  addRemoved(drafts, free, placeOf);
  drafts.sort((a, b) => placeOf(a) - placeOf(b));
  return drafts.map((draft) => finish(draft, drafts, training, fused));
}

/**
 * Adds bands for calls that are in none, and for those that a band reads before any other gives them: layers that only pad or
 * copy, which fusion takes into what reads them or leaves out.
 */
function addRemoved(drafts: Draft[], free: readonly Call[], placeOf: (draft: Draft) => number): void {
  const add = (call: Call) =>
    drafts.push({
      kind: "removed",
      name: call.layer.name,
      training: new Set([call]),
      ends: [call],
      fused: new Set(),
    });
  free.forEach(add);
  for (let i = 0; i < drafts.length; i++) {
    const reader = drafts[i]!;
    const isGiven = (call: Call) =>
      reader.training.has(call) ||
      drafts.some((draft) => draft.ends.includes(call) && placeOf(draft) < placeOf(reader));
    const read = Array.from(reader.training).flatMap(({ inputs }) => inputs);
    for (const call of read) if (!isGiven(call)) add(call);
  }
}

const ADDITIONS: ReadonlySet<string | undefined> = new Set(["add", "average"]);

/** What a layer of one operation is; nothing for an input. */
function opOf({ operations }: Layer): string | undefined {
  return operations[0]?.op;
}

/** The calls of each region, and those of them that others may read. */
function callsOfRegions(graph: Calls, regions: readonly FusedRegion[]) {
  return regions.map((region) => {
    const isMember = ({ layer, node }: Call) =>
      region.calls.some((call) => call.layer === layer.name && call.node === node);
    const found = graph.calls.filter(isMember);
    // An addition that stays is the last call of the branches that merged, and a band of its own.
    const stays = region.training === null && ADDITIONS.has(opOf(found.at(-1)!.layer));
    const calls = new Set(stays ? found.slice(0, -1) : found);
    const read = new Set(Array.from(calls).flatMap(({ inputs }) => inputs));
    return { region, calls, ends: Array.from(calls).filter((call) => !read.has(call)) };
  });
}

/** The name that all layers of a region share, else its fused layer's. */
function regionTitle({ name }: FusedRegion): string {
  return name.replace(/\/reparam(_\d+)?$/, "");
}

/** The calls that lead to an output, in order. */
function neededCalls(graph: Calls): Call[] {
  const needed = new Set<Call>();
  const waiting = [...graph.outputs, ...graph.inputs];
  for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
    if (needed.has(call)) continue;
    needed.add(call);
    waiting.push(...call.inputs);
  }
  return graph.calls.filter((call) => needed.has(call));
}

function finish(
  { kind, name, region, ...calls }: Draft,
  drafts: readonly Draft[],
  training: Calls,
  fused: Calls,
): Band {
  const inOrder = (graph: Calls, members: ReadonlySet<Call>) =>
    graph.calls.filter((call) => members.has(call));
  const own = inOrder(training, calls.training);
  const made = inOrder(fused, calls.fused);
  return {
    kind,
    name,
    training: own.map((call) => nodeOf(call, own)),
    fused: made.map((call) => nodeOf(call, made)),
    ...(region === undefined ? {} : { region }),
    sources: sourcesOf(own, drafts.map((draft) => draft.ends)),
    fusedSources: sourcesOf(made, drafts.map((draft) => [...draft.fused])),
  };
}

function nodeOf(call: Call, band: readonly Call[]): BandNode {
  const places = call.inputs.map((input) => band.indexOf(input));
  return {
    layer: call.layer.name,
    label: shortLabel(call.layer),
    role: roleOf(call.layer),
    channels: call.shape?.at(-1) ?? null,
    inputs: [...new Set(places.filter((place) => place >= 0))],
    readsOutside: places.some((place) => place < 0),
  };
}

/** The bands that some calls read from, all but their own. */
function sourcesOf(calls: readonly Call[], given: readonly (readonly Call[])[]): readonly number[] {
  const outside = calls.flatMap((call) => call.inputs)
    .filter((call) => !calls.includes(call));
  const bands = outside.map((call) => given.findIndex((band) => band.includes(call)));
  return [...new Set(bands)].filter((band) => band >= 0);
}
