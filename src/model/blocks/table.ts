/**
 * Every kind of block that comes with RepFuse. A new one is a file in this folder and a line here.
 *
 * @module
 */
import { acNet } from "./acnet.ts";
import { dbb } from "./dbb.ts";
import { fastVit } from "./fastvit.ts";
import { mobileOne } from "./mobileone.ts";
import { qaRepVgg } from "./qarepvgg.ts";
import { repVgg } from "./repvgg.ts";
import { repVit } from "./repvit.ts";
import { uniRepLkNet } from "./unireplknet.ts";

/** The blocks. The first has the plain network among its forms. */
export const BLOCKS = [repVgg, qaRepVgg, acNet, dbb, fastVit, uniRepLkNet, mobileOne, repVit] as const;

/** Their names. */
export type BlockKind = typeof BLOCKS[number]["name"];
