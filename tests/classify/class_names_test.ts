import assert from "node:assert/strict";
import { matchClasses, placeholderNames } from "../../src/classify/class_names.ts";
import { InputError } from "../../src/errors.ts";

const IMAGENET = ["tench, Tinca tinca", "crane", "Golden_Retriever", "crane", "cat, tom"];

Deno.test("matchClasses() finds classes by name, in plain words, by one of several names, and few of many", () => {
  assert.deepEqual(matchClasses(IMAGENET, ["golden retriever", "tench", "Cat"], "photos"), {
    names: IMAGENET,
    labels: [2, 0, 4],
    by: "name",
  });
});

Deno.test("matchClasses() does not choose between two classes of one name", () => {
  assert.throws(() => matchClasses(IMAGENET, ["crane"], "photos"), InputError);
});

Deno.test("matchClasses() takes numbers for numbers, not for an order", () => {
  const names = placeholderNames(12);
  assert.deepEqual(matchClasses(names, ["0", "1", "10", "2"], "photos"), {
    names,
    labels: [0, 1, 10, 2],
    by: "number",
  });
  assert.deepEqual(matchClasses(["a", "b", "c"], ["2", "0"], "photos").labels, [2, 0]);
  assert.throws(() => matchClasses(["a", "b", "c"], ["2", "3"], "photos"), InputError);
});

Deno.test("matchClasses() takes as many names in their order where the network has none, and asks where they are fewer", () => {
  assert.deepEqual(matchClasses(placeholderNames(2), ["cat", "dog"], "photos"), {
    names: ["cat", "dog"],
    labels: [0, 1],
    by: "order",
  });
  assert.throws(
    () => matchClasses(placeholderNames(3), ["cat", "dog"], "photos"),
    (error) =>
      error instanceof InputError && /2 classes, the network 3/.test(error.message) &&
      /--labels/.test(error.hint!),
  );
});
