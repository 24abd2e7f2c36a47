/** Code that is edited while it is read. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname } from "node:path";
import { expect } from "vitest";
import { bundleStage } from "../src/plan/bundle.ts";
import { dagBinary, sha256, test } from "./rig/index.ts";

test("the code that runs is the code that was hashed, also where a module is edited in between", async ({ p }) => {
  p.write({ "stages/a.ts": 'import { word } from "../lib/word.ts";\nexport default () => word;\n', "lib/word.ts": 'export const word = "before";\n' });
  const place = p.path("lib/word.ts");
  const after = 'export const word = "after";\n';
  const read = fs.readFileSync;
  // Saved at the very moment when the tool itself looks.
  fs.readFileSync = ((path: string, ...rest: []) => {
    if (path === place) fs.writeFileSync(place, after);
    return read(path, ...rest);
  }) as typeof read;
  syncBuiltinESMExports();
  try {
    const { bundle, files } = await bundleStage(p.root, "stages/a.ts", dirname(dagBinary));
    const word = files.find(({ file }) => file === "lib/word.ts");
    expect(bundle).toContain(word?.code.includes("after") === true ? '"after"' : '"before"');
    expect(word?.hash).toBe(sha256(word?.code.includes("after") === true ? after : 'export const word = "before";\n'));
  } finally {
    fs.readFileSync = read;
    syncBuiltinESMExports();
  }
});
