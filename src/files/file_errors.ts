/**
 * What went wrong with a file, in one vocabulary: by the code that every operating system gives, and by the name of the
 * error that Deno gives where a permission was not granted. Nobody else asks which runtime it is in.
 *
 * @module
 */

/** A reason why a file or a folder cannot be used. */
export type FileFault = "missing" | "denied" | "full" | "a folder" | "a file" | "there" | "unsound";

const FAULTS: Readonly<Record<string, FileFault>> = {
  ENOENT: "missing",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ERR_ACCESS_DENIED: "denied",
  ENOSPC: "full",
  EISDIR: "a folder",
  ENOTDIR: "a file",
  EEXIST: "there",
  // A circle of links, or a name that no file can have.
  ELOOP: "unsound",
  ENAMETOOLONG: "unsound",
  ERR_INVALID_ARG_VALUE: "unsound",
};

/** Why a file operation failed; undefined when it is none of the reasons that anybody here tells apart. */
export function fileFault(error: unknown): FileFault | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === "NotCapable") return "denied";
  const { code } = error as { code?: unknown };
  return typeof code === "string" && Object.hasOwn(FAULTS, code) ? FAULTS[code] : undefined;
}

/**
 * The reason in words, without a full stop: "there is no such file".
 *
 * @param wanted What should have been there.
 */
export function describeFileError(error: unknown, wanted: "file" | "folder"): string {
  const fault = fileFault(error);
  if (fault === "missing") return `there is no such ${wanted}`;
  if (fault === "a folder" || fault === "a file") return `it is ${fault}`;
  // Deno names the permission that is missing, an operating system nothing that helps.
  if (fault === "denied" && (error as Error).name !== "NotCapable") return "it may not be read";
  return error instanceof Error ? error.message : String(error);
}
