import { describe, expect } from "vitest";
import { test, type Project } from "./rig/index.ts";

const EVIL = `</pre><script>alert(1)</script><img src=x onerror=alert(2)>\u001b[31m`;

/** A project whose data, tables and figures are hostile. */
function hostile(p: Project): void {
  p.write({
    "pipeline.yaml": `
name: "a <b>page</b>"
params: { level: [1, 2] }
models: { writer: { provider: offline, model: w } }
stages:
  people: { run: stages/people.ts, models: [writer], params: [level], matrix: { level: params.level } }
  evaluate: { run: stages/evaluate.ts, needs: [people], output: evaluate/ }
`,
    "stages/people.ts": `export default ({ axis }) => [{ id: ${JSON.stringify(EVIL)}, level: axis.level, text: ${JSON.stringify(EVIL)} }];\n`,
    "stages/evaluate.ts": `export default () => ({
  "tables.md": "# E\\n\\n## Table <script>alert(3)</script>\\n\\nA \\\\*star\\\\* and **bold** &lt;tag&gt; & more.\\n\\n| a\\\\|b | n |\\n|:---|---:|\\n| <i>x</i> | 1 |\\n",
  "figures/figure3_some_thing.svg": "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(4)</script></svg>",
});\n`,
  });
}

describe("dag report", () => {
  test("is one page that loads nothing, runs nothing, and shows what was built", async ({ p }) => {
    hostile(p);
    expect((await p.dag("run")).code).toBe(0);
    const result = await p.dag("report", "-o", "out.html");
    expect([result.code, result.stdout]).toEqual([0, ""]);
    const page = p.read("out.html");
    expect(page).not.toMatch(/<script|<img src=x|onerror=alert\(2\)>|<i>x/);
    expect(page).not.toContain("\u001b");
    for (const [, source] of page.matchAll(/\s(?:src|href)="([^"]*)"/g)) expect(source).toMatch(/^(data:image\/svg\+xml;base64,|#)/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain("<h1>a &#60;b&#62;page&#60;/b&#62;</h1>");
    expect(page).toContain("<b>bold</b> &#60;tag&#62; &#38; more");
    expect(page).toContain('<th>a|b</th><th class="n">n</th>');
    expect(page).toContain("Figure 3: some thing");
    expect(page).toContain("Simulated.");
    const hashes = (await p.dag("hash")).stdout.trim().split("\n").map((line) => line.split(/\s+/)[0] ?? "?");
    expect(hashes).toHaveLength(3);
    for (const hash of hashes) expect(page).toContain(hash);
    expect(page).toContain((await p.dag("hash", "--build")).stdout.split(" ")[0]);
  });

  test("every tag is closed", async ({ p }) => {
    hostile(p);
    await p.dag("run");
    await p.dag("report");
    const open: string[] = [];
    for (const [, close, name = ""] of p.read("report.html").matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (["meta", "img"].includes(name)) continue;
      if (close === "/") expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  test("equal builds give equal pages, in another directory too", async ({ p, q }) => {
    for (const project of [p, q]) {
      hostile(project);
      await project.dag("run");
      await project.dag("report");
    }
    expect(p.read("report.html")).toBe(q.read("report.html"));
  });

  test("a build that is not whole is shown as it is", async ({ p }) => {
    hostile(p);
    await p.dag("run", "people@level=1");
    const result = await p.dag("report", "-o", "-");
    expect(result.code).toBe(0);
    expect(result.stderr).toContain("2 of 3 cells are not fresh");
    expect(result.stdout).toContain("3 cells: 1 fresh, 2 missing.");
    expect(p.exists("report.html")).toBe(false);
  });
});
