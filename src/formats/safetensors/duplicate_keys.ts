/**
 * `JSON.parse` keeps the last of two members of one name and says nothing. Where a name stands for a tensor, that loses one.
 *
 * @module
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * The first key that occurs twice in one object, at any depth.
 *
 * @param json Text that `JSON.parse` accepts.
 */
export function findDuplicateKey(json: string): string | undefined {
  const keysOfOpenObjects: Set<string>[] = [];
  let string = "";
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === "{" || token === "[") keysOfOpenObjects.push(new Set());
    else if (token === "}" || token === "]") keysOfOpenObjects.pop();
    else if (token === ":") {
      const key: string = JSON.parse(string);
      const keys = keysOfOpenObjects.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    } else string = token;
  }
  return undefined;
}
