import canonicalize from "canonicalize";
import fc from "fast-check";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { canonicalJson, compareBytes, formatListing, hashDirectory, hashFile, hashJson, hashSmallFileSync, isInside, parseListing, sha256, StoreError, type Sha256 } from "../src/store/index.ts";
import { program, temporary } from "./store.rig.ts";

/** What coreutils say of a directory, links followed. */
function sumOfListing(directory: string): string {
  const listing = execFileSync("sh", ["-c", "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum --"], { cwd: directory });
  return sha256(listing);
}

function fill(directory: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

async function failure(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

const name = fc.string({ unit: fc.constantFrom("a", "B", "-", ".", " ", "\\", "\n", "\r", "\t", "*", "é", "\uffee", "𝒳", "/"), minLength: 1, maxLength: 8 });

describe("hashes of files and directories", () => {
  test("the hash of a file is what sha256sum prints, also beyond one piece", async () => {
    const file = join(temporary(), "f");
    for (const size of [0, 1, 4095, 4096, 1 << 20, (1 << 20) + 1, 3_500_000]) {
      writeFileSync(file, Buffer.alloc(size, "abcdefg"));
      const expected = { hash: `sha256:${execFileSync("sha256sum", [file], { encoding: "utf8" }).slice(0, 64)}`, bytes: size };
      expect(await hashFile(file)).toEqual(expected);
      expect(hashSmallFileSync(file)).toEqual(expected);
    }
  });

  test("the hash of a directory is that of its sha256sum listing, whatever the names", async () => {
    const made = temporary();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.string({ maxLength: 4 }), { maxKeys: 8, noNullPrototype: true }), async (wanted) => {
        const directory = join(made, String(round++));
        mkdirSync(directory);
        const files: Record<string, string> = {};
        for (const [path, text] of Object.entries(wanted)) {
          const taken = Object.keys(files);
          // To sha256sum a lone "-" is its standard input.
          if (isInside(path) && path !== "-" && !taken.some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`))) files[path] = text;
        }
        fill(directory, files);
        const hashed = await hashDirectory(directory);
        expect(hashed.hash).toBe(sumOfListing(directory));
        expect(hashed.files.map((file) => file.path)).toEqual(Object.keys(files).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        expect(parseListing(formatListing(hashed.files))).toEqual(hashed.files.map(({ path, hash }) => ({ path, hash })));
      }),
      { numRuns: 60, seed: 7 },
    );
  });

  test("byte order is that of UTF-8", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => Math.sign(compareBytes(a, b)) === Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))));
  });

  test("links are followed: the content counts, not the link", async () => {
    const made = temporary();
    fill(made, { "real/a": "1", "real/sub/b": "2", "copy/a": "1", "copy/sub/b": "2", "linked/a": "1" });
    symlinkSync("../real/sub", join(made, "linked/sub"));
    expect((await hashDirectory(join(made, "linked"))).hash).toBe((await hashDirectory(join(made, "copy"))).hash);
    symlinkSync("real/a", join(made, "link"));
    expect((await hashFile(join(made, "link"))).hash).toBe(sha256("1"));
  });

  test("a dangling link, a circle of links, a pipe and a name that is not UTF-8 are errors that name the entry", async () => {
    const made = temporary();
    fill(made, { "d/a": "1" });
    const odd = join(made, "d/odd");
    symlinkSync("nowhere", odd);
    expect(await failure(hashDirectory(join(made, "d")))).toMatchObject({ reason: "missing", path: odd });
    expect(await failure(hashFile(odd))).toMatchObject({ reason: "missing", path: odd });
    rmSync(odd);
    symlinkSync(".", odd);
    expect(await failure(hashDirectory(join(made, "d")))).toMatchObject({ reason: "link-loop", path: odd });
    rmSync(odd);
    symlinkSync("odd", odd);
    expect(await failure(hashDirectory(join(made, "d")))).toMatchObject({ reason: "link-loop", path: odd });
    rmSync(odd);
    execFileSync("mkfifo", [odd]);
    expect(await failure(hashDirectory(join(made, "d")))).toMatchObject({ reason: "special-file", path: odd });
    // Opening it the plain way would wait for a writer for ever.
    expect(await failure(hashFile(odd))).toMatchObject({ reason: "special-file", path: odd });
    expect(() => hashSmallFileSync(odd)).toThrow(/pipe, socket or device/);
    rmSync(odd);
    writeFileSync(Buffer.concat([Buffer.from(`${made}/d/`), Buffer.from([0xff, 0xfe])]), "x");
    expect(await failure(hashDirectory(join(made, "d")))).toMatchObject({ reason: "bad-name" });
  });

  test("a directory is not a file, and a file is no directory", async () => {
    const made = temporary();
    fill(made, { f: "1" });
    expect(await failure(hashFile(made))).toMatchObject({ reason: "not-a-file", path: made });
    expect(await failure(hashDirectory(join(made, "f")))).toMatchObject({ reason: "not-a-directory", path: join(made, "f") });
    expect(await failure(hashFile(join(made, "f/x")))).toMatchObject({ reason: "not-a-directory" });
    expect(await failure(hashFile(join(made, "x")))).toMatchObject({ reason: "missing" });
  });

  test("a file that vanishes between listing and hashing is named", async () => {
    const made = temporary();
    for (let i = 0; i < 200; i++) writeFileSync(join(made, String(i)), "");
    const hashing = failure(hashDirectory(made));
    for (let i = 0; i < 200; i++) rmSync(join(made, String(i)));
    const error = await hashing;
    expect(error).toMatchObject({ reason: "missing", path: expect.stringMatching(/\/\d+$/) as string });
    expect(error.message).toMatch(/^cannot read .*: it is (not there|a link to nothing, or it vanished)$/);
  });

  test("a directory of thousands of files opens few at a time", async () => {
    const made = temporary();
    for (let i = 0; i < 2000; i++) writeFileSync(join(made, String(i)), String(i));
    const source = `import { hashDirectory } from "STORE"; console.log((await hashDirectory(process.argv[2])).hash);`;
    const run = await program(temporary(), source);
    // Node itself needs some twenty.
    const said = execFileSync("sh", ["-c", 'ulimit -n 48; exec "$0" "$@"', process.execPath, run, made], { encoding: "utf8" });
    expect(said.trim()).toBe(sumOfListing(made));
  });

  test("a listing is read back only if it is one, and never leads outside", () => {
    const hex = "a".repeat(64);
    expect(parseListing("")).toEqual([]);
    expect(parseListing(`${hex}  a/b\n`)).toEqual([{ path: "a/b", hash: `sha256:${hex}` as Sha256 }]);
    for (const bad of [`${hex}  ../x\n`, `${hex}  /x\n`, `${hex}  a//b\n`, `${hex}  a/./b\n`, `${hex}  a`, `${hex} a\n`, `${hex}  b\n${hex}  a\n`, `${hex}  a\n\n`, "\n", `\\${hex}  plain\n`, `${hex}  a\\b\n`, `${hex}  a\0b\n`]) expect(parseListing(bad)).toBeUndefined();
  });
});

describe("canonical JSON", () => {
  const json = fc.jsonValue({ maxDepth: 4 });

  test("permuting keys changes nothing, and reading it back gives the value", () => {
    const shuffled = (value: unknown): unknown =>
      Array.isArray(value) ? value.map(shuffled) : value !== null && typeof value === "object" ? Object.fromEntries(Object.entries(value).reverse().map(([key, member]) => [key, shuffled(member)])) : value;
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).toBe(canonicalize(value));
      }),
    );
  });

  test("it is RFC 8785: order by UTF-16 code unit, numbers as ECMAScript writes them, -0 is 0", () => {
    // The sample of RFC 8785, section 3.2.3.
    const sample = { "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" };
    expect(Object.keys(JSON.parse(canonicalJson(sample)) as object).length).toBe(7);
    expect([...canonicalJson(sample).matchAll(/:"([A-Z][a-z]+)/g)].map((match) => match[1])).toEqual(["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]);
    expect(canonicalJson([333333333.33333329, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe("[333333333.3333333,1e+30,4.5,0.002,1e-27,0]");
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
    expect(canonicalJson(JSON.parse('{"__proto__":1,"a":2}'))).toBe('{"__proto__":1,"a":2}');
    expect(hashJson({ b: 1, a: 2 })).toBe(sha256('{"a":2,"b":1}'));
  });

  test("what JSON cannot hold is refused with its path", () => {
    const cycle: { self?: unknown } = {};
    cycle.self = [cycle];
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    for (const [value, message] of [
      [Number.NaN, "not JSON: $ is NaN"],
      [{ a: [1, -Infinity] }, "not JSON: $.a[1] is -Infinity"],
      [undefined, "not JSON: $ is undefined"],
      [{ a: [undefined] }, "not JSON: $.a[0] is undefined"],
      [{ a: [1, , 2] }, "not JSON: $.a[1] is undefined"], // eslint-disable-line no-sparse-arrays
      [{ "a b": "\ud800" }, 'not JSON: $["a b"] is text with a lone surrogate'],
      [{ "\udc00": 1 }, 'not JSON: $["\\udc00"] has a name with a lone surrogate'],
      [{ a: 1n }, "not JSON: $.a is a bigint"],
      [{ a: new Map() }, "not JSON: $.a is a Map, not plain data"],
      [[new Date(0)], "not JSON: $[0] is a Date, not plain data"],
      [{ a: () => 1 }, "not JSON: $.a is a function"],
      [{ toJSON: () => 1 }, "not JSON: $.toJSON is a function"],
      [{ a: Symbol("x") }, "not JSON: $.a is a symbol"],
      [cycle, "not JSON: $.self[0] contains itself"],
      [deep, "not JSON: $[0][0][0][0][0][0][0][0] nests too deeply"],
    ] as const) {
      expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ reason: "not-json", message }));
    }
    const twice = { x: 1 };
    expect(canonicalJson([twice, twice])).toBe('[{"x":1},{"x":1}]');
  });
});

test("a pipe with a writer is refused just the same", async () => {
  const pipe = join(temporary(), "pipe");
  execFileSync("mkfifo", [pipe]);
  const writer = spawn("sh", ["-c", 'exec sleep 30 > "$0"', pipe]);
  try {
    expect(await failure(hashFile(pipe))).toMatchObject({ reason: "special-file" });
  } finally {
    writer.kill("SIGKILL");
  }
});
