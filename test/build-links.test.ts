/** Links that lead nowhere or in circles, and what cannot be read, below a declared file, directory or glob. */
import { chmodSync, symlinkSync } from "node:fs";
import { describe, expect } from "vitest";
import { pipeline, test } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";

function reading(p: Project, files: unknown): Project {
  return p.write({ "pipeline.yaml": pipeline({ a: { cmd: "echo done > {output}", files: { f: files }, output: "a.txt" } }), "seeds/one.txt": "1\n", "seeds/deep/two.txt": "2\n" });
}

/** Every verb that plans names the path in one line, and none falls over it. */
async function named(p: Project, line: string): Promise<void> {
  const run = await p.dag("run");
  expect(run).toMatchObject({ code: 2, stdout: "" });
  expect(run.stderr).toContain(line);
  for (const verb of ["status", "plan", "why a", "run -n", "run", "verify"]) {
    const { code, text } = await p.dag(...verb.split(" "));
    expect([0, 1, 2, 3]).toContain(code);
    expect(text).not.toMatch(/internal error|bug in daguerre|ELOOP|ENOENT|EACCES/);
  }
}

describe.concurrent("a link", () => {
  for (const files of ["**/*", "seeds/**", "seeds/", "seeds", ["seeds/*", "!seeds/one.txt"]])
    test(`that leads in a circle below ${JSON.stringify(files)} is named, and no verb falls over it`, async ({ p }) => {
      reading(p, files);
      symlinkSync("knot", p.path("seeds/knot"));
      await named(p, 'seeds/knot: a link that leads in a circle (to "knot"): remove it, or leave it out');
    });

  test("that leads nowhere is named, by glob and by directory", async ({ p }) => {
    reading(p, "seeds/*");
    symlinkSync("gone.txt", p.path("seeds/lost"));
    await named(p, 'seeds/lost: a link to "gone.txt", which is not there: mend or remove it');
    reading(p, "seeds/");
    await named(p, 'seeds/lost: a link to "gone.txt", which is not there: mend or remove it');
    reading(p, "seeds/lost");
    await named(p, 'seeds/lost: a link to "gone.txt", which is not there: mend or remove it');
  });

  test("to a directory it lies in is named below a directory, and not followed by a glob", async ({ p }) => {
    reading(p, "seeds/");
    symlinkSync("..", p.path("seeds/deep/up"));
    await named(p, 'seeds/deep/up: a link to "..", a directory it lies in: remove it, or leave it out');
    reading(p, "seeds/**");
    expect((await p.dag("run")).code).toBe(0);
  });

  test("that is left out of a glob does no harm", async ({ p }) => {
    reading(p, ["seeds/*", "!seeds/knot"]);
    symlinkSync("knot", p.path("seeds/knot"));
    expect((await p.dag("run")).code).toBe(0);
    expect((await p.dag("run")).stderr).toContain("nothing to do");
  });
});

test.skipIf(process.getuid?.() === 0)("a directory that may not be listed is named, and not taken for an empty one", async ({ p }) => {
  for (const files of ["seeds/**", "seeds/"]) {
    reading(p, files);
    chmodSync(p.path("seeds/deep"), 0);
    try {
      await named(p, "seeds/deep: permission denied: check owner and mode with ls -ld");
    } finally {
      chmodSync(p.path("seeds/deep"), 0o755);
    }
  }
});
