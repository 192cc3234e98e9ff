/** The proof of networks in float16: its bars are those of that type, and a fault beyond them still fails. */
import { equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { readOnnx } from "../../src/formats/onnx/read.ts";
import { writeOnnx } from "../../src/formats/onnx/write.ts";
import { fuseGraph } from "../../src/fuse/fuse.ts";
import { proofInputsOf } from "../../src/proof/inputs.ts";
import { verifyOnnxFusion } from "../../src/proof/onnx.ts";

Deno.test("verifyOnnxFusion() lets through what float16 rounds, and no kernel that is wrong by a twentieth", async () => {
  for (const name of ["repvgg-17-half.onnx", "repvgg1d-17-half.onnx"]) {
    const url = new URL(`../fixtures/onnx/${name}`, import.meta.url);
    const graph = readOnnx(new Uint8Array(await readFile(url)), name);
    const fusion = fuseGraph(graph);
    const inputs = { ...proofInputsOf(graph), count: 16 };
    const verify = (file: Uint8Array) =>
      verifyOnnxFusion({ fusion, file, name, inputs, onProgress: () => {} });
    const proof = await verify(writeOnnx(fusion.graph));
    ok(proof.pass, name);
    ok(proof.regions.some(({ interior }) => interior > 1e-4), "float32's bar would have refused it");
    const kernels = [...fusion.graph.weights].filter(([key]) => key.endsWith("/reparam/kernel"));
    ok(kernels.length > 0);
    for (const [key, weight] of kernels) {
      const planted = { ...weight, read: () => weight.read().map((value) => value * 1.05) };
      const weights = new Map([...fusion.graph.weights, [key, planted]]);
      equal((await verify(writeOnnx({ ...fusion.graph, weights }))).pass, false, `${name}: ${key}`);
    }
  }
});
