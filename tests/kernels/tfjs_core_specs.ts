/**
 * TensorFlow.js' own specifications of an operation, as its package ships them, run without Jasmine: the few words of it
 * that they use are defined here. The imports of a specification are replaced, so that it tests the tfjs of this
 * process and no second copy of it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";

/** One `it`. */
export interface Spec {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The specifications in one file of `@tensorflow/tfjs-core`.
 *
 * @param path Under its `dist/ops/`, without the ending.
 */
export async function tfjsCoreSpecs(path: string): Promise<Spec[]> {
  const core = new URL(`../../tfjs-core/dist/ops/${path}.js`, import.meta.resolve("@tensorflow/tfjs"));
  const source = (await Deno.readTextFile(core)).replace(/^import .*$/gm, "");
  const specs: Spec[] = [];
  let group = "";
  let prepare: () => void = () => {};
  const describe = (name: string, _environments: unknown, body: () => void) => {
    group = name;
    prepare = () => {};
    body();
  };
  const it = (name: string, test: () => void | Promise<void>) => {
    const before = prepare;
    specs.push({
      name: `${group}: ${name}`,
      async run() {
        tf.engine().startScope();
        try {
          before();
          await test();
        } finally {
          tf.engine().endScope();
        }
      },
    });
  };
  const words = {
    tf,
    ALL_ENVS: {},
    describeWithFlags: describe,
    it,
    beforeEach: (body: () => void) => prepare = body,
    expect,
    expectArraysClose: tf.test_util.expectArraysClose,
  };
  new Function(...Object.keys(words), source)(...Object.values(words));
  return specs;
}

function expect(actual: unknown) {
  return {
    toEqual: (expected: unknown) => assert.deepEqual(actual, expected),
    toBe: (expected: unknown) => assert.equal(actual, expected),
    toThrowError: () => assert.throws(actual as () => void),
  };
}
