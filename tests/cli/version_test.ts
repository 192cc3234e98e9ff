import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { VERSION } from "../../src/cli/version.ts";

Deno.test("VERSION is that of deno.json", () => assert.equal(VERSION, project.version));
