import { equal } from "node:assert/strict";
import { quoted } from "../../src/text/shell.ts";

Deno.test("quoted() puts into quotes what a shell would take apart, and nothing else", () => {
  const words: Readonly<Record<string, string>> = {
    "runs/mine": "runs/mine",
    "../a-b_c.d/model.json": "../a-b_c.d/model.json",
    "my nets/rep vgg.pth": "'my nets/rep vgg.pth'",
    "it's": `'it'\\''s'`,
    "$HOME": "'$HOME'",
    "a;b": "'a;b'",
    "": "''",
  };
  for (const [word, expected] of Object.entries(words)) equal(quoted(word), expected);
});
