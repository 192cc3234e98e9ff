/**
 * Checking a configuration that a person wrote against its zod schema: every finding in one {@link InputError}, and an
 * unknown key with the nearest right one beside it.
 *
 * @module
 */
import { z } from "zod";
import { InputError } from "../errors.ts";
import { nearestName } from "./nearest_name.ts";

type Path = readonly PropertyKey[];

/**
 * The value as its schema describes it, defaults filled in.
 *
 * @param schema What is expected; its objects are strict.
 * @param value What was read, unchecked.
 * @param what The thing's name for the message: "network configuration toy.json".
 * @throws {InputError} that lists every finding.
 */
export function parseConfig<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const findings = result.error.issues.flatMap((issue) => describeIssue(issue, schema, value));
  throw new InputError(`Cannot use the ${what}:\n${findings.map((finding) => `  - ${finding}`).join("\n")}`);
}

function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): string[] {
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path, value);
    return issue.keys.map((key) => describeUnknownKey([...issue.path, key], key, known));
  }
  if (issue.path.length === 0) return [issue.message];
  return [`${formatPath(issue.path)} is ${formatValue(valueAt(value, issue.path))}: ${issue.message}`];
}

function describeUnknownKey(path: Path, key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  const advice = nearest === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${nearest}?`;
  return `${formatPath(path)} is not a known key (${advice})`;
}

/** The keys that the schema allows in the object at `path`. */
function keysAt(schema: z.core.$ZodType, path: Path, value: unknown): string[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return keysAt(schema.unwrap(), path, value);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const chosen = schema.options.find((option) =>
      acceptsDiscriminator(option, schema.def.discriminator, value)
    );
    return chosen === undefined ? [] : keysAt(chosen, path, value);
  }
  const [key, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (key === undefined) return Object.keys(schema.shape);
    const inner: z.core.$ZodType | undefined = schema.shape[String(key)];
    return inner === undefined ? [] : keysAt(inner, rest, valueAt(value, [key]));
  }
  if (schema instanceof z.ZodArray && key !== undefined) {
    return keysAt(schema.element, rest, valueAt(value, [key]));
  }
  return [];
}

function acceptsDiscriminator(option: z.core.$ZodType, discriminator: string, value: unknown): boolean {
  if (!(option instanceof z.ZodObject)) return false;
  const field: z.ZodType | undefined = option.shape[discriminator];
  return field !== undefined && field.safeParse(valueAt(value, [discriminator])).success;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

/** ["stages", 0, "width"] as stages[0].width. */
function formatPath(path: Path): string {
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : (i > 0 ? "." : "") + String(key)).join(
    "",
  );
}

function formatValue(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}
