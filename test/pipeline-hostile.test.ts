import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand, formatDiagnostic, parsePipeline, parsePlaceholders, printable, selectCells } from "../src/pipeline/index.ts";
import { editDistance, nearest } from "../src/pipeline/nearest.ts";
import { bad, brief, good } from "./pipeline.rig.ts";

const REST = "stages: { a: { run: a.ts } }\n";

describe("hostile YAML", () => {
  test.each([
    ["params: { __proto__: { x: 1 }, y: { constructor: 1, prototype: 2 } }\n", ['1:11 the key "__proto__" is not allowed', '1:37 the key "constructor" is not allowed', '1:53 the key "prototype" is not allowed']],
    ["params: { a: 1, a: 2 }\n", ['1:17 duplicate key "a": it stands at 1:11 already | keys of a map are unique: rename or remove one']],
    ['params: { a: 1, "a": 2 }\n', ['1:17 duplicate key "a": it stands at 1:11 already | keys of a map are unique: rename or remove one']],
    ["params: { x: &x { y: 1 }, z: { <<: *x } }\n", ['1:32 merge keys ("<<") are not used here | share whole values (&name, *name; a key x-… holds what has no other place), or lay entries over with a preset']],
    ["params: { a: &a [*a] }\n", ["1:18 the alias *a stands inside its own anchor"]],
    ["params: { a: *a }\n", ["1:14 no anchor &a stands before this alias"]],
    ["params: { a: .inf, b: -.inf, c: .nan }\n", [".inf", "-.inf", ".nan"].map((text, at) => `1:${String([14, 23, 33][at])} ${text} is not a number that JSON can hold | quote it if text is meant`)],
    ["params: { a: 12345678901234567890 }\n", ["1:14 12345678901234567890 is too large to be held exactly | quote it to keep every digit"]],
    ['params: { a: "\\uD800" }\n', ["1:14 the text holds half a character (a lone surrogate)"]],
    ["params: { a: !!binary aGk= }\n", ["1:23 the tag !!binary is not used here | write the plain value"]],
    ["params: { a: !!js/function 'x' }\n", ["1:14 tags are not used here | write the plain value"]],
    ["params: { ? [a] : 1 }\n", ["1:13 a key must be plain text"]],
    [`params: { a: ${"[".repeat(70)}${"]".repeat(70)} }\n`, ["1:77 nested more than 64 levels deep"]],
  ])("%s", async (text, expected) => {
    expect(await brief(text + REST)).toEqual(expected);
  });

  test.each([
    ["a: 1\n---\nb: 2\n", '2:1 a second document starts here | a pipeline file holds one document: remove the "---"'],
    ["stages:\n\ta: 1\n", "2:1 a tab is used to indent | YAML indents with spaces"],
    ["%YAML 1.1\n---\nstages: { a: { run: a.ts } }\n", "1:1 the file says YAML 1.1; a pipeline is YAML 1.2 | remove the %YAML line"],
    ["stages: [\n", "YAML: flow sequence"],
    ['stages: "open\n', "YAML: missing closing"],
    ["a: b: c\n", "YAML: nested mappings are not allowed in compact mappings"],
    ["a: \u0007\n", "1:4 control character U+0007 in a text file | remove it, or write it as an escape in a quoted text"],
  ])("%j", async (text, expected) => {
    expect((await brief(text)).join("\n")).toContain(expected);
  });

  test("that is not UTF-8 is marked where it breaks", async () => {
    const text = Buffer.concat([Buffer.from("\ufeffname: \ufffd ö\nx: "), Buffer.from([0xc3, 0x28]), Buffer.from("\n")]);
    expect(await brief(text)).toEqual(["2:4 the file is not valid UTF-8 | save it as UTF-8"]);
    expect(await brief(new Uint8Array([0xff, 0xfe, 0x61, 0x00]))).toEqual(["1:1 the file is not valid UTF-8 | save it as UTF-8"]);
  });

  test("that grows by aliases ends in a sentence, soon", async () => {
    let yaml = "params:\n  l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (let i = 1; i < 12; i++) yaml += `  l${String(i)}: &l${String(i)} [${Array.from({ length: 10 }, () => `*l${String(i - 1)}`).join(", ")}]\n`;
    const started = performance.now();
    expect((await brief(yaml + REST))[0]).toBe("6:47 aliases repeat more than 100000 values");
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("may use aliases for what they are for", async () => {
    const list = JSON.stringify(Array.from({ length: 1000 }, (_, i) => i));
    expect((await good(`params:\n  x: &x ${list}\n${Array.from({ length: 20 }, (_, i) => `  y${String(i)}: *x\n`).join("")}${REST}`)).params["y19"]).toHaveLength(1000);
  });

  test("of 5 MB is not even parsed", async () => {
    const started = performance.now();
    expect(await brief("a".repeat(5_000_000))).toEqual(["1:1 pipeline.yaml is 4.8 MiB; a pipeline file has at most 2 MiB | is it the right file? keep data in files and name them under `files`"]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test.each(["[", "{", "- ", "a: ", '"', "? ", "! ", "&a ", "*a ", "x: 1\n", "%a\n", "---\n", "|\n"])("of 30 kB of %j is a diagnostic", async (junk) => {
    const found = await bad(junk.repeat(30_000 / junk.length));
    expect(found.length).toBeGreaterThan(0);
    expect(found.join("\n")).not.toMatch(/\n\s+at |TypeError|RangeError|undefined/);
  });

  test("of any kind is a pipeline or diagnostics that lie within the text", async () => {
    const piece = fc.constantFrom("stages", "params", "models", "presets", "default", "name", ": ", ":\n", "\n", "  ", "    ", "a", "b", "run", "cmd", "needs", "matrix", "each", "output", "schema", "files", "timeout", "[", "]", "{", "}", ", ", "- ", "&a ", "*a", "!!x ", '"', "'", "# ", "params.a", "a.ts", "0.5", "null", "~", "|", ">", "\t", "\r\n", "é😀", "{output}", "../x", "x/", "---");
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const text = pieces.join("");
        const result = await parsePipeline(text, { root: "/p", file: "pipeline.yaml" });
        if (result.ok) return;
        const rows = text.split("\n");
        expect(result.diagnostics.length).toBeGreaterThan(0);
        for (const diagnostic of result.diagnostics) {
          const row = rows[diagnostic.line - 1];
          expect(row).toBeDefined();
          expect(diagnostic.column).toBeGreaterThanOrEqual(1);
          expect(diagnostic.column).toBeLessThanOrEqual((row?.length ?? 0) + 1);
          expect(diagnostic.length).toBeGreaterThanOrEqual(1);
          expect(formatDiagnostic(diagnostic)).not.toMatch(/undefined|\[object|NaN/);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("made from a good pipeline by changing one value anywhere is a pipeline or diagnostics", async () => {
    const whole = {
      name: "x",
      default: ["b"],
      params: { p: [1, 2], deep: { k: 1 } },
      models: { m: { provider: "openai", model: "x", request: { a: 1 }, limits: { rpm: 1 }, price: { input: 1 }, supports: { a: true } } },
      presets: { s: { params: { p: [3] }, models: { m: { model: "y" } } } },
      stages: {
        a: { run: "a.ts", files: { f: "f", g: ["g", "!h"] }, prompts: { p: "p.md" }, params: ["deep.k"], models: ["m"], env: ["E"], matrix: { p: "params.p" }, schema: "s.json" },
        b: { cmd: ["x", "{needs.a}", "{output}"], needs: ["a"], output: "b/", schema: { "x.json": "s.json" }, timeout: "3s" },
        c: { run: "c.ts", each: "a", matrix: { p: [1] } },
      },
    };
    expect(await bad(JSON.stringify(whole))).toEqual([]);
    const places: string[][] = [];
    const visit = (value: unknown, path: string[]): void => {
      if (path.length > 0) places.push(path);
      if (typeof value === "object" && value !== null) for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
    };
    visit(whole, []);
    // Values that could hurt are drawn as often as values in general.
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(null, "", 0, -1, 1e300, [], {}, [[]], [null], [{}], "a", "params.p", "../x", "\u0000", "{item}", "a@p=1", "*", true, ["a", "a"], { a: null }, { "": 1 }, "toString"));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), value, fc.boolean(), async (path, replacement, preset) => {
        const copy = structuredClone(whole) as Record<string, unknown>;
        let at = copy;
        for (const step of path.slice(0, -1)) at = at[step] as Record<string, unknown>;
        at[path.at(-1) ?? ""] = replacement;
        const text = JSON.stringify(copy);
        const result = await parsePipeline(text, { root: "/p", file: "pipeline.yaml", presets: preset ? ["s"] : [] });
        if (result.ok) selectCells(expand(result.pipeline), []);
        else for (const diagnostic of result.diagnostics) expect(formatDiagnostic({ ...diagnostic, source: "" })).not.toMatch(/undefined|\[object|NaN/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a diagnostic on a terminal", () => {
  test("marks the right columns under tabs, wide characters, emoji and combining marks", async () => {
    expect(await bad('name: "日本😀é"\t# x\nstages: { "日本": { run: a.ts, "日本語": 1 } }\n')).toEqual([
      'pipeline.yaml:2:11: error: "日本" is not a name (letters, digits, "_", "." and "-", not starting with "." or "-", at most 100)\n  stages: { "日本": { run: a.ts, "日本語": 1 } }\n            ~~~~~~',
      'pipeline.yaml:2:30: error: unknown key "日本語" in stages["日本"]\n  stages: { "日本": { run: a.ts, "日本語": 1 } }\n                                 ~~~~~~~~\nhelp: known keys: run, cmd, needs, files, prompts, params, models, env, each, matrix, output, schema, timeout',
    ]);
    expect(formatDiagnostic({ file: "p.yaml", line: 1, column: 6, length: 1, message: "m", source: "\t😀e\u0301\tx" })).toBe("p.yaml:1:6: error: m\n      😀e\u0301    x\n         ~~~~");
  });

  test("shows control and bidirectional characters instead of sending them", async () => {
    const [found] = await bad('stages: { a: { run: a.ts, "\\e[31mred\\u0007\u202e": 1 } }\n');
    expect(found).toBe('pipeline.yaml:1:27: error: unknown key "\\u001b[31mred\\u0007\\u{202e}" in stages.a\n  stages: { a: { run: a.ts, "\\e[31mred\\u0007\\u{202e}": 1 } }\n                            ~~~~~~~~~~~~~~~~~~~~~~~~~\nhelp: known keys: run, cmd, needs, files, prompts, params, models, env, each, matrix, output, schema, timeout');
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), fc.nat(50), (message, source, column) => {
        const shown = formatDiagnostic({ file: message, line: 1, column: column + 1, length: 3, message, hint: message, source });
        expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/);
      }),
    );
    expect(printable("a\u001b[2Jb\n")).toBe("a\\x1b[2Jb\\x0a");
  });

  test("shows the part of a long line around the mistake", async () => {
    const [found] = await bad(`params: { x: [${"1, ".repeat(200)}1] }\nstages: { a: { run: a.ts, env: [${"A, B, ".repeat(0)}${Array.from({ length: 80 }, (_, i) => `V${String(i)}`).join(", ")}, "no!", Z] } }\n`);
    const rows = found?.split("\n") ?? [];
    expect(rows[1]?.startsWith("  …")).toBe(true);
    expect(rows[1]?.slice(rows[2]?.indexOf("~"), (rows[2]?.lastIndexOf("~") ?? 0) + 1)).toBe('"no!"');
    expect(rows[1]?.length).toBeLessThan(130);
  });

  test("is coloured on request", () => {
    const shown = formatDiagnostic({ file: "p.yaml", line: 1, column: 1, length: 1, message: "m", hint: "h", source: "x" }, true);
    expect(shown).toBe("\u001b[1mp.yaml:1:1: \u001b[0m\u001b[1;31merror:\u001b[0m \u001b[1mm\u001b[0m\n  x\n  \u001b[1;31m~\u001b[0m\n\u001b[1;36mhelp:\u001b[0m h");
  });
});

describe("the nearest name", () => {
  test.each([
    ["profle", "profile"],
    ["porfile", "profile"],
    ["Profile", "profile"],
    ["nees", "needs"],
    ["x", undefined],
    ["documents2", "documents"],
    ["graph", undefined],
  ])("of %s is %s", (name, found) => {
    expect(nearest(name, ["profile", "documents", "needs", "a", "b"])).toBe(found);
  });

  test("counts insertions, deletions, replacements and swaps of neighbours", () => {
    expect([editDistance("", "abc"), editDistance("abc", "acb"), editDistance("abcd", "abd"), editDistance("kitten", "sitting"), editDistance("same", "same")]).toEqual([3, 1, 1, 3, 0]);
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe("placeholders", () => {
  test("split a text into parts that cover it", () => {
    expect(parsePlaceholders("a {needs.my-stage.v2}{output}{{item}} ${HOME} {print $1}")).toEqual([
      { kind: "text", text: "a ", start: 0, end: 2 },
      { kind: "needs", name: "my-stage.v2", start: 2, end: 21 },
      { kind: "output", start: 21, end: 29 },
      { kind: "text", text: "{item}", start: 29, end: 37 },
      { kind: "text", text: " ${HOME} {print $1}", start: 37, end: 56 },
    ]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom("{", "}", "{{", "}}", "output", "item", "needs.a", "params.x.y", "foo.b", " ", "$", ".", "a"), { maxLength: 20 }), (pieces) => {
        const text = pieces.join("");
        let at = 0;
        for (const part of parsePlaceholders(text)) {
          expect(part.start).toBe(at);
          expect(part.end).toBeGreaterThan(part.start);
          at = part.end;
        }
        expect(at).toBe(text.length);
      }),
    );
  });
});
