/**
 * TensorFlow.js as a page needs it: the core without layers, gradients, converters and other backends, which are three
 * quarters of the package. The import map puts it in the place of `@tensorflow/tfjs`.
 *
 * @module
 */
export * from "@tensorflow/tfjs-core/dist/base.js";
