/** `each`: items run one by one, are remembered one by one, and fail one by one. */
import { describe, expect } from "vitest";
import { failFor, itemStages, jsonl, kinds, people, pipeline, sha256, test } from "./rig/index.ts";
import type { Kind, Project } from "./rig/index.ts";

function project(p: Project, kind: Kind, n: number): Project {
  return p.write({ "people.jsonl": people(n), "pipeline.yaml": pipeline(itemStages(p, kind)) });
}

const ids = (n: number): string[] => people(n).map(({ id }) => id);

describe.concurrent.each(kinds)("items of %s stages", (kind) => {
  const many = kind === "cmd" ? 40 : 1000;

  test("every item runs once, output keeps the order of the input, and a rerun runs nothing", async ({ p }) => {
    project(p, kind, 12);
    p.write({ "people.jsonl": people(12).reverse() });
    await p.built("-j", "4");
    expect(p.ran()).toEqual([...ids(12), "people", "total"]);
    expect(p.read("artifacts/letters.jsonl")).toBe(jsonl(people(12).reverse().map(({ id, n }) => ({ id, letter: n }))));
    expect(p.read("artifacts/total.txt")).toBe("12\n");
    await p.built();
    expect(p.ran()).toEqual([]);
  });

  test(`one of ${String(many)} items changed: one item runs, and the aggregate`, async ({ p }) => {
    project(p, kind, many);
    await p.built();
    expect(p.ran()).toHaveLength(many + 2);
    const changed = people(many).map((record) => (record.id === "p007" ? { ...record, n: 7777 } : record));
    p.write({ "people.jsonl": changed });
    await p.built();
    expect(p.ran()).toEqual(["p007", "people", "total"]);
    expect(p.read("artifacts/letters.jsonl")).toBe(jsonl(changed.map(({ id, n }) => ({ id, letter: n }))));
  });

  test("an item added runs alone; one removed runs nothing; the aggregate follows both", async ({ p }) => {
    project(p, kind, 6);
    await p.built();
    p.ran();
    p.write({ "people.jsonl": people(7) });
    await p.built();
    expect(p.ran()).toEqual(["p006", "people", "total"]);
    expect(p.read("artifacts/total.txt")).toBe("7\n");
    p.write({ "people.jsonl": people(7).filter(({ id }) => id !== "p003") });
    await p.built();
    expect(p.ran()).toEqual(["people", "total"]);
    expect(p.read("artifacts/total.txt")).toBe("6\n");
    expect(p.read("artifacts/letters.jsonl")).not.toContain("p003");
  });

  test("items in another order run nothing, and the output follows the order", async ({ p }) => {
    project(p, kind, 6);
    await p.built();
    p.ran();
    p.write({ "people.jsonl": people(6).reverse() });
    await p.built();
    expect(p.ran().filter((name) => name.startsWith("p0"))).toEqual([]);
    expect(p.read("artifacts/letters.jsonl")).toBe(jsonl(people(6).reverse().map(({ id, n }) => ({ id, letter: n }))));
  });

  test("a record written with its keys in another order is the same record", async ({ p }) => {
    project(p, kind, 3);
    await p.built();
    p.ran();
    p.write({ "people.jsonl": people(3).map(({ id, n }) => `${JSON.stringify({ n, id })}\n`).join("") });
    await p.built();
    expect(p.ran().filter((name) => name.startsWith("p0"))).toEqual([]);
  });

  test("one item fails: the others finish, exit 1, no artifact, and the next run does only that one", async ({ p }) => {
    const n = kind === "cmd" ? 30 : 1000;
    const victim = kind === "cmd" ? "p015" : "p500";
    project(p, kind, n);
    failFor(p, victim);
    const failed = await p.run();
    expect(failed.code).toBe(1);
    expect(p.ran()).toEqual([...ids(n), "people"].sort());
    expect(failed.text).toContain(victim);
    expect(failed.text).toContain(`no letter for ${victim}`);
    expect(failed.outcomes["failed"]).toEqual(["letters"]);
    expect(p.exists("artifacts/letters.jsonl")).toBe(false);
    expect(p.exists("artifacts/total.txt")).toBe(false);
    // Still failing: only the failed one is tried again.
    expect((await p.run()).code).toBe(1);
    expect(p.ran()).toEqual([victim]);
    failFor(p);
    await p.built();
    expect(p.ran()).toEqual([victim, "total"].sort());
    expect(p.read("artifacts/letters.jsonl").trim().split("\n")).toHaveLength(n);
  });

  test("a failed item keeps the previous good artifact where it was", async ({ p }) => {
    project(p, kind, 4);
    await p.built();
    const good = p.read("artifacts/letters.jsonl");
    failFor(p, "p004");
    p.write({ "people.jsonl": people(5) });
    expect((await p.run()).code).toBe(1);
    expect(p.read("artifacts/letters.jsonl")).toBe(good);
    expect((await p.dag("status")).code).toBe(3);
    failFor(p);
    p.ran();
    await p.built();
    expect(p.ran()).toEqual(["p004", "total"]);
  });

  test("zero items is a result: an empty artifact that is fresh", async ({ p }) => {
    project(p, kind, 0);
    await p.built();
    expect(p.ran()).toEqual(["people", "total"]);
    expect(p.read("artifacts/letters.jsonl")).toBe("");
    expect(p.read("artifacts/total.txt")).toBe("0\n");
    await p.built();
    expect(p.ran()).toEqual([]);
    expect((await p.dag("status")).code).toBe(0);
  });

  test("hostile ids write nothing outside and collide with nothing", async ({ p }) => {
    const hostile = ["../x", "../../../../etc/x", "A", "a", "Ä", "A\u0308", "new\nline", "nul\u0000l", "", " ", ".", "..", "CON", "a/b", "a\\b", "$(touch x)", "`id`", "-rf", "\u001b[31mred", "\u202eabc", "__proto__", "constructor", "x".repeat(5000), "😀"];
    const stages = kind === "cmd"
      ? { letters: { cmd: ["sh", "-c", 'cp "$1" "$2"', "sh", "{item}", "{output}"], needs: ["people"], each: "people", output: "letters.jsonl" } }
      : { letters: { run: "stages/letters.ts", each: "people", output: "letters.jsonl" } };
    p.write({
      "people.jsonl": hostile.map((id, n) => ({ id, n })),
      "stages/letters.ts": "export default ({ item }) => item;\n",
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, ...stages }),
    });
    const outside = (): string[] => Object.keys(p.everything()).filter((path) => !path.startsWith("project/"));
    const before = outside();
    await p.built("-j", "8");
    expect(outside()).toEqual(before);
    const records = p.read("artifacts/letters.jsonl").trim().split("\n").map((line) => JSON.parse(line) as { id: string; n: number });
    expect(records).toEqual(hostile.map((id, n) => ({ id, n })));
    // Each is remembered under its own name: take one out, put it back, nothing collides.
    p.write({ "people.jsonl": hostile.map((id, n) => ({ id, n: n === 2 ? 99 : n })) });
    await p.built();
    const again = p.read("artifacts/letters.jsonl").trim().split("\n").map((line) => JSON.parse(line) as { id: string; n: number });
    expect(again).toEqual(hostile.map((id, n) => ({ id, n: n === 2 ? 99 : n })));
    expect(Object.keys(p.everything()).filter((path) => /(^|\/)x$/.test(path))).toEqual([]);
  });

  test("two records with one id are refused by name", async ({ p }) => {
    project(p, kind, 2);
    p.write({ "people.jsonl": [...people(2), { id: "p001", n: 5 }] });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toContain("p001");
  });

  test("a record without a string id is refused, and its line named", async ({ p }) => {
    project(p, kind, 2);
    p.write({ "people.jsonl": [{ id: "p000", n: 0 }, { id: 5, n: 1 }] });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toMatch(/\bid\b/);
    expect(result.text).toMatch(/2/);
  });

  test("an item may return several records or none, and equal bytes come out for every -j", async ({ p, q }) => {
    const write = (project: Project): void => {
      project.write({
        "people.jsonl": people(9),
        "stages/more.ts": 'export default ({ item }) => Array.from({ length: item.n % 3 }, (_, i) => ({ id: item.id + "-" + i }));\n',
        "pipeline.yaml": pipeline({
          people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
          more: kind === "module"
            ? { run: "stages/more.ts", each: "people" }
            : { cmd: `id=$(sed 's/.*"id":"\\([^"]*\\)".*/\\1/' {item}); n=$(sed 's/.*"n":\\([0-9]*\\).*/\\1/' {item}); : > {output}; i=0; while [ $i -lt $((n % 3)) ]; do echo "{\\"id\\":\\"$id-$i\\"}" >> {output}; i=$((i+1)); done`, each: "people" },
        }),
      });
    };
    write(p);
    write(q);
    await p.built("-j", "1");
    await q.built("-j", "8");
    expect(p.read("artifacts/more.jsonl")).toBe(["p001-0", "p002-0", "p002-1", "p004-0", "p005-0", "p005-1", "p007-0", "p008-0", "p008-1"].map((id) => `{"id":"${id}"}\n`).join(""));
    expect(q.artifacts()).toEqual(p.artifacts());
    expect(q.read("dag.lock")).toBe(p.read("dag.lock"));
  });

  test("a schema violation of one item names it, and the other items are remembered", async ({ p }) => {
    project(p, kind, 5);
    const stages = itemStages(p, kind);
    p.write({ "letter.json": { properties: { letter: { maximum: 3 } } }, "pipeline.yaml": pipeline({ ...stages, letters: { ...stages["letters"], schema: "letter.json" } }) });
    const result = await p.run();
    expect(result.code).toBe(1);
    expect(result.text).toContain("p004");
    expect(result.text).toMatch(/\/letter|\.letter/);
    p.ran();
    p.write({ "people.jsonl": people(5).map((record) => ({ ...record, n: Math.min(record.n, 3) })) });
    await p.built();
    expect(p.ran()).toEqual(["p004", "people", "total"]);
  });

  test("deleted outputs of items are restored without running an item, and changed code runs all of them", async ({ p }) => {
    project(p, kind, 5);
    await p.built();
    p.ran();
    p.remove("artifacts");
    await p.built();
    expect(p.ran()).toEqual([]);
    if (kind === "module") p.write({ "stages/letters.ts": p.read("stages/letters.ts").replace("letter: item.n", "letter: item.n + 1") });
    else p.write({ "pipeline.yaml": p.read("pipeline.yaml").replace('\\"letter\\":/', '\\"letter\\": /') });
    await p.built();
    expect(p.ran().filter((name) => name.startsWith("p0"))).toEqual(ids(5));
  });

  test("--sample N builds the first N items apart from the full build", async ({ p }) => {
    project(p, kind, 8);
    expect((await p.dag("status", "--sample", "3")).stdout).toMatch(/3 of 3 cells are not fresh: dag run --sample 3\n$/);
    await p.built("--sample", "3");
    expect(p.ran()).toEqual(["p000", "p001", "p002", "people", "total"]);
    expect((await p.dag("status", "--sample", "3")).code).toBe(0);
    expect((await p.dag("status")).code).toBe(3);
    expect((await p.dag("plan", "--sample", "3")).stdout).toBe("0 to run · 0 to restore · 3 fresh\n");
    expect((await p.dag("hash", "--sample", "3", "total")).stdout).toBe(`${sha256("3\n")}  total\n`);
    expect((await p.dag("hash", "total")).code).toBe(3);
    expect((await p.dag("why", "--sample", "3", "total")).stdout).toContain("never built");
    expect(await p.dag("plan", "--sample", "none")).toMatchObject({ code: 2, stderr: expect.stringContaining("--sample takes a whole number") });
    await p.built();
    expect(p.read("artifacts/total.txt")).toBe("8\n");
    const rest = p.ran().filter((name) => name.startsWith("p0"));
    expect(rest).toEqual(["p003", "p004", "p005", "p006", "p007"]); // bought once, sampled or not
    await p.built("--sample", "3");
    expect(p.read("artifacts/total.txt")).toBe("8\n");
  });
});

describe.concurrent("what an item depends on", () => {
  test("another record read by id becomes an input of that item only", async ({ p }) => {
    p.write({
      "people.jsonl": people(4),
      "pets.jsonl": people(4),
      "stages/letters.ts": `export default async ({ item, needs }) => { ${p.markModule("item.id")} const pet = await needs.pets.get(item.id); return { id: item.id, pet: pet?.n ?? null }; };\n`,
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        pets: { cmd: "cp {files.in} {output}", files: { in: "pets.jsonl" } },
        letters: { run: "stages/letters.ts", each: "people", needs: ["pets"] },
      }),
    });
    await p.built();
    expect(p.ran()).toEqual(ids(4));
    p.write({ "pets.jsonl": people(4).map((pet) => (pet.id === "p002" ? { ...pet, n: 9 } : pet)) });
    await p.built();
    expect(p.ran()).toEqual(["p002"]);
    expect(p.read("artifacts/letters.jsonl")).toContain('{"id":"p002","pet":9}');
  });

  test("a need that one item has read whole and the module keeps is an input of all of them", async ({ p }) => {
    p.write({
      "people.jsonl": people(4),
      "pets.jsonl": people(1),
      "stages/letters.ts": `let memo;\nexport default async ({ item, needs }) => { ${p.markModule("item.id")} memo ??= needs.pets.all(); return { id: item.id, pet: (await memo)[0].n }; };\n`,
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        pets: { cmd: "cp {files.in} {output}", files: { in: "pets.jsonl" } },
        letters: { run: "stages/letters.ts", each: "people", needs: ["pets"] },
      }),
    });
    await p.built();
    p.ran();
    p.write({ "pets.jsonl": [{ id: "p000", n: 9 }] });
    await p.built();
    expect(p.ran()).toEqual(ids(4));
    expect(p.read("artifacts/letters.jsonl")).toBe(ids(4).map((id) => `{"id":"${id}","pet":9}\n`).join(""));
  });

  test("an item may be a generator's, and two records with one id name the item", async ({ p }) => {
    const stage = (yields: string) => p.write({ "stages/letters.ts": `export default async function* ({ item }) { yield { id: item.id + "a" }; yield { id: ${yields} }; }\n` });
    stage('item.id + "b"');
    p.write({
      "people.jsonl": people(2),
      "pipeline.yaml": pipeline({ people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, letters: { run: "stages/letters.ts", each: "people" } }),
    });
    await p.built();
    expect(p.read("artifacts/letters.jsonl")).toBe('{"id":"p000a"}\n{"id":"p000b"}\n{"id":"p001a"}\n{"id":"p001b"}\n');
    stage('"same"');
    expect((await p.run()).events.find(({ cell }) => cell === "letters")?.["message"]).toContain('two records have the id "same": ids are unique in an artifact, one of them made for item "p001"');
  });

  test("nothing one item or stage does to what it was given, or to the global object, reaches another", async ({ p }) => {
    p.write({
      "people.jsonl": people(3),
      "in/a.txt": "a",
      "stages/names.ts": 'export default ({ item, files }) => { files.in.names.push("x"); return { id: item.id, n: files.in.names.length }; };\n',
      "stages/count.ts": "export default () => (globalThis.G = (globalThis.G ?? 0) + 1);\n",
      "pipeline.yaml": pipeline({
        people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } },
        names: { run: "stages/names.ts", each: "people", files: { in: "in/" } },
        count: { run: "stages/count.ts", matrix: { n: [1, 2, 3] }, output: "count.json" },
      }),
    });
    await p.built("-j", "1");
    expect(p.read("artifacts/names.jsonl")).toBe(ids(3).map((id) => `{"id":"${id}","n":1}\n`).join(""));
    for (const n of [1, 2, 3]) expect(p.read(`artifacts/count/n=${n}.json`)).toBe("1\n");
  });

  test("random() depends on seed, stage, item and labels, never on order or concurrency", async ({ p, q }) => {
    const write = (project: Project, seed: number): void => {
      project.write({
        "people.jsonl": people(6),
        "stages/dice.ts": 'export default ({ item, random }) => ({ id: item.id, a: random("a").next(), b: random("b").next(), again: random("a").next() });\n',
        "pipeline.yaml": pipeline(
          { people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, dice: { run: "stages/dice.ts", each: "people", params: ["seed"] } },
          { params: { seed } },
        ),
      });
    };
    const dice = (project: Project): Map<string, { a: number; b: number; again: number }> =>
      new Map(project.read("artifacts/dice.jsonl").trim().split("\n").map((line) => JSON.parse(line) as { id: string; a: number; b: number; again: number }).map((record) => [record.id, record]));
    write(p, 1);
    write(q, 1);
    q.write({ "people.jsonl": people(6).reverse() });
    await p.built("-j", "1");
    await q.built("-j", "6");
    const one = dice(p);
    expect(new Map([...dice(q)].sort())).toEqual(new Map([...one].sort()));
    const numbers = [...one.values()].flatMap(({ a, b }) => [a, b]);
    expect(new Set(numbers).size).toBe(12);
    for (const { a, again } of one.values()) expect(again).toBe(a);
    write(p, 2);
    await p.built();
    expect(dice(p).get("p000")?.a).not.toBe(one.get("p000")?.a);
  });
});
