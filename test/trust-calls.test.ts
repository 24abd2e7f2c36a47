/** Model calls as a user of the command meets them: refusals, budgets, interrupts, keys and shared stores. */
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { hasTerminal, people, pipeline, Terminal, test as base } from "./rig/index.ts";
import type { Project } from "./rig/index.ts";
import { failed, held, rateLimited, reset, say, startServer } from "./rig/server.ts";
import type { RigServer } from "./rig/server.ts";

const test = base.extend<{ server: RigServer }>({
  server: async ({}, use) => {
    const server = await startServer(({ body }) => say(`answer to ${String((body as { messages: { content: string }[] }).messages.at(-1)?.content)}`));
    await use(server);
    await server.close();
  },
});

const secret = "sk-very-secret-0123456789";

/** A stage that asks one question for each of n people. */
function asking(p: Project, server: RigServer, n: number, word = "kindly", more: object = {}): Project {
  p.env["THE_KEY"] = secret;
  return p.write({
    "people.jsonl": people(n),
    "ask.md": `Ask ${word} about {{ id }}.`,
    "stages/say.ts": "export default async ({ item, models, prompts }) => ({ id: item.id, says: (await models.writer.chat({ prompt: prompts.ask.render({ id: item.id }) })).value });\n",
    "pipeline.yaml": pipeline(
      { people: { cmd: "cp {files.in} {output}", files: { in: "people.jsonl" } }, say: { run: "stages/say.ts", each: "people", models: ["writer"], prompts: { ask: "ask.md" } } },
      { models: { writer: { provider: "openai", model: "m-1", base_url: server.url, api_key_env: "THE_KEY", ...more } } },
    ),
  });
}

describe.concurrent("calls", () => {
  test("are bought once: a rerun, a prompt put back and a build without its artifacts and results make none", async ({ p, server }) => {
    asking(p, server, 5);
    await p.built();
    expect(server.requests).toHaveLength(5);
    await p.built();
    asking(p, server, 5, "rudely");
    await p.built();
    expect(server.requests).toHaveLength(10);
    asking(p, server, 5);
    await p.built();
    p.remove("artifacts", "dag.lock", "cache/results", "cache/objects", "cache/items", "cache/state");
    await p.built();
    expect(server.requests).toHaveLength(10);
  });

  test("one alias answered by two snapshots in one artifact is a warning, in one run and over several", async ({ p }) => {
    let snapshot = "m-1-may";
    const server = await startServer(({ body }) => say(`answer to ${JSON.stringify(body).length}`, { model: snapshot }));
    try {
      asking(p, server, 3);
      expect((await p.built()).events.filter(({ event }) => event === "warning")).toEqual([]);
      snapshot = "m-1-june";
      asking(p, server, 4);
      const { events } = await p.built();
      expect(server.requests).toHaveLength(4);
      expect(events.filter(({ event }) => event === "warning").map(({ message }) => message)).toEqual(["say: models.writer (m-1) was answered by two snapshots, m-1-may and m-1-june; name the snapshot in the pipeline file to have one"]);
    } finally {
      await server.close();
    }
  });

  test("--frozen lets none leave: exit 4, and the message names stage, item and prompt", async ({ p, server }) => {
    asking(p, server, 3);
    await p.built();
    asking(p, server, 4);
    const result = await p.dag("run", "--frozen");
    expect(result.code).toBe(4);
    expect(server.requests).toHaveLength(3);
    expect(result.stderr).toContain("say");
    expect(result.stderr).toContain("p003");
    expect(result.stderr).toContain("Ask kindly about p003");
    expect((await p.dag("status")).code).toBe(3);
    await p.built();
    expect(server.requests).toHaveLength(4);
    expect((await p.dag("run", "--frozen", "--force")).code).toBe(0);
    expect(server.requests).toHaveLength(4);
  });

  test("--frozen names the field that differs from the nearest stored call, however many calls are missing", async ({ p, server }) => {
    asking(p, server, 40);
    await p.built();
    asking(p, server, 40, "sternly");
    for (let i = 0; i < 3; i++) {
      const result = await p.dag("run", "--frozen");
      expect(result.code).toBe(4);
      expect(result.stderr).toMatch(/it differs from the nearest stored call in messages\[0\]\.content \("Ask kindly about p0\d\d\." → "Ask sternly about p0\d\d\."\)/);
    }
    expect(server.requests).toHaveLength(40);
  });

  test("--max-calls stops before the cap is passed, keeps what was bought, exits 4, and the next run buys the rest", async ({ p, server }) => {
    asking(p, server, 10);
    const result = await p.dag("run", "--max-calls", "4", "-j", "8");
    expect(result.code).toBe(4);
    expect(server.requests).toHaveLength(4);
    expect(result.stderr).toMatch(/\b4\b/);
    const rest = await p.built();
    expect(server.requests).toHaveLength(10);
    expect(rest.done.calls?.made).toBe(6);
  });

  test("an interrupt keeps every finished answer", async ({ p, server }) => {
    asking(p, server, 4);
    const wait = held(say("late"));
    server.script(say("first"), say("second"), wait.script);
    const running = p.start("run", "-j", "1");
    await wait.asked;
    running.kill("SIGINT");
    wait.release();
    expect((await running.result).code).toBe(130);
    const asked = server.requests.length;
    await p.built();
    // The one on the wire was awaited or is asked again; the two before it are not.
    expect(server.requests.length - asked).toBeLessThanOrEqual(2);
    const bodies = server.requests.map(({ body }) => JSON.stringify(body));
    expect(bodies.filter((body) => body.includes("p000"))).toHaveLength(1);
    expect(bodies.filter((body) => body.includes("p001"))).toHaveLength(1);
  });

  test("an answer whose schema has a pattern that backtracks for ever holds up nothing, is kept as invalid, and is not bought again", { timeout: 120_000 }, async ({ p, server }) => {
    asking(p, server, 2);
    p.write({
      "s.json": { type: "object", properties: { x: { type: "string", pattern: "^(a+)+$" } }, required: ["x"] },
      "stages/say.ts": `export default async ({ item, models, prompts }) => {
        const { outcome } = await models.writer.chat({ prompt: prompts.ask.render({ id: item.id }), schema: "s.json" });
        return { id: item.id, outcome };
      };\n`,
      "pipeline.yaml": p.read("pipeline.yaml").replace('"api_key_env"', '"attempts": 1, "api_key_env"'),
    });
    server.otherwise = ({ body }) => say(JSON.stringify({ x: JSON.stringify(body).includes("p001") ? `${"a".repeat(60)}!` : "aaa" }));
    const result = await p.run();
    expect(result.code, result.text).toBe(0);
    expect(p.read("artifacts/say.jsonl")).toBe('{"id":"p000","outcome":"ok"}\n{"id":"p001","outcome":"invalid"}\n');
    const kept = await p.dag("cache", "export");
    expect(kept.stdout).toContain("could not be checked in 5000 ms: look for a pattern that backtracks");
    p.remove("artifacts", "dag.lock", "cache/results", "cache/items");
    await p.built();
    expect(server.requests).toHaveLength(2);
  });

  test.for([
    ["cut in half", (path) => truncateSync(path, Math.floor(statSync(path).size / 2))],
    ["emptied", (path) => truncateSync(path, 0)],
    ["overwritten with garbage", (path) => writeFileSync(path, Buffer.alloc(statSync(path).size, "garbage "))],
    ["a directory", (path) => { rmSync(path); mkdirSync(path); }],
    ["a link to nothing", (path) => { rmSync(path); symlinkSync("nowhere", path); }],
  ] satisfies [string, (path: string) => void][])("a call store that is %s is made anew with every answer that is whole, and says so once", async ([how, harm], { p, server }) => {
    asking(p, server, 30);
    await p.built();
    const [answers, artifacts] = [(await p.dag("cache", "export")).stdout, p.artifacts()];
    p.remove("artifacts", "dag.lock", "cache/results", "cache/items");
    harm(p.path("cache/calls/answers/data.mdb"));
    server.requests.length = 0;
    const result = await p.run();
    expect(result.code, result.text).toBe(0);
    expect(p.artifacts()).toEqual(artifacts);
    const place = p.path("cache/calls");
    const saved = 30 - server.requests.length;
    expect(result.stderr).toBe(`warning: the call store ${place}/answers was damaged: ${saved} answers that are whole are taken over, others are asked for again or come back with \`dag cache import\`; the damaged file is kept as ${place}/damaged-1.mdb\n`);
    if (how === "cut in half") expect(saved).toBeGreaterThan(5);
    const again = await p.run("--force");
    expect([again.code, again.stderr]).toEqual([0, ""]);
    expect((await p.dag("cache", "export")).stdout.split("\n").length).toBe(answers.split("\n").length);
  });

  test("a call store with a byte flipped anywhere never ends the process, and gives out no wrong answer", { timeout: 240_000 }, async ({ p, server }) => {
    asking(p, server, 30);
    await p.built();
    const artifacts = p.artifacts();
    const path = p.path("cache/calls/answers/data.mdb");
    const sound = readFileSync(path);
    for (let i = 0; i < 25; i++) {
      p.remove("artifacts", "dag.lock", "cache/results", "cache/items");
      // Heads of pages more often than the bytes of answers: those hold the tree together.
      const at = i % 2 === 0 ? (i * 7919) % sound.length : Math.min(sound.length - 1, (i % (sound.length / 4096)) * 4096 + ((i * 5) % 40));
      const bytes = Buffer.from(sound);
      bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
      writeFileSync(path, bytes);
      const result = await p.run();
      expect([result.code, result.signal], `byte ${String(at)}: ${result.text}`).toEqual([0, null]);
      expect(p.artifacts()).toEqual(artifacts);
    }
  });

  test("a call store whose lock files are directories loses no answer", async ({ p, server }) => {
    asking(p, server, 10);
    await p.built();
    p.remove("artifacts", "dag.lock", "cache/results", "cache/items");
    for (const name of ["answers", "claims"]) {
      const lock = p.path(`cache/calls/${name}/data.mdb-lock`);
      rmSync(lock);
      mkdirSync(lock);
    }
    const verified = await p.dag("cache", "verify");
    expect([verified.code, verified.stdout]).toEqual([3, expect.stringMatching(/^damaged  answer store: the call store .* was damaged: 10 answers that are whole are taken over/)]);
    expect((await p.dag("cache", "verify")).code).toBe(0);
    const lock = p.path("cache/calls/answers/data.mdb-lock");
    rmSync(lock);
    mkdirSync(lock);
    const result = await p.run();
    expect(result.code, result.text).toBe(0);
    expect(result.stderr).toContain("was damaged: 10 answers that are whole are taken over");
    expect(server.requests).toHaveLength(10);
  });

  test("a key reaches the wire and nothing else", async ({ p, server }) => {
    asking(p, server, 2);
    server.script({ status: 401, body: { error: { message: `Incorrect API key provided: ${secret}`, type: "invalid_request_error", code: "invalid_api_key" } } });
    const refused = await p.dag("run");
    expect(refused.code).toBe(1);
    const result = await p.built();
    expect(server.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secret}`);
    for (const text of [refused.text, result.text, (await p.dag("status")).text, (await p.dag("why", "say")).text, (await p.dag("doctor")).text]) expect(text).not.toContain(secret);
    const holders = Object.keys(p.everything()).filter((path) => p.bytes(`../${path}`).includes(secret));
    expect(holders).toEqual([]);
  });

  test("a missing key is named before anything is asked", async ({ p, server }) => {
    asking(p, server, 1);
    delete p.env["THE_KEY"];
    const result = await p.dag("run");
    expect([1, 2]).toContain(result.code);
    expect(result.stderr).toContain("THE_KEY");
    expect(server.requests).toHaveLength(0);
  });

  test("two projects that share a store at the same time buy each answer once", async ({ p, q, server }) => {
    for (const project of [p, q]) {
      asking(project, server, 12);
      project.env["DAG_CACHE"] = `file:${p.base}/shared-answers`;
    }
    const results = await Promise.all([p.run("-j", "4"), q.run("-j", "4")]);
    expect(results.map(({ code }) => code), results.map(({ stderr }) => stderr).join("\n")).toEqual([0, 0]);
    expect(new Set(server.requests.map(({ body }) => JSON.stringify(body))).size).toBe(12);
    expect(server.requests).toHaveLength(12);
    expect(q.artifacts()).toEqual(p.artifacts());
  });

  test("are accounted for by stage and model: spent, saved, at risk, in the closing lines and in --json", async ({ p, server }) => {
    const price = { price: { input: 1000, output: 1000 } };
    asking(p, server, 4, "kindly", price);
    // Ten tokens in, five out: 1.5 cents each.
    const first = await p.dag("run");
    expect(first.stderr).toMatch(/^ +say +writer \(m-1\) +\$0\.0600 spent$/m);
    asking(p, server, 6, "kindly", price).write({ "stages/say.ts": `${p.read("stages/say.ts")}console.error("another recipe, the same calls");\n` });
    server.script(reset());
    const second = await p.dag("run", "--json");
    expect(second.done).toMatchObject({ calls: { made: 2, stored: 4 }, ledger: [{ stage: "say", role: "writer", model: "m-1", made: 2, stored: 4, cost: expect.closeTo(0.03, 9), saved: expect.closeTo(0.06, 9), unanswered: 1, at_risk: expect.any(Number) }] });
  });

  test.skipIf(!hasTerminal)("that must wait say so on a terminal of 80 columns, with the seconds left", async ({ p, server }) => {
    asking(p, server, 30);
    server.script(rateLimited(45));
    const waiting = new Terminal(p, ["run"], { columns: 80 });
    await waiting.saw(/\[1\/2\] · m-1: waiting for the rate limit(?: \(and \d+ more\))?, \d\d s · say /);
    expect(Math.max(...waiting.screen().map((line) => line.length))).toBeLessThanOrEqual(80);
    waiting.type("\u0003");
    expect((await waiting.result).code).toBe(130);
  });

  test.skipIf(!hasTerminal)("of a server that fails say what it answers while they wait to try again", async ({ p, server }) => {
    asking(p, server, 1);
    server.script(failed(503, "The server is overloaded", null, { "retry-after": "30" }));
    const waiting = new Terminal(p, ["run"], { columns: 80 });
    await waiting.saw(/\[1\/2\] · m-1: 503 The server is overloaded; trying again(?: \(and \d+ more\))?, \d\d s/);
    waiting.type("\u0003");
    expect((await waiting.result).code).toBe(130);
  });
});

describe("a batch", () => {
  test("is left out by an interrupt, taken up by the next run, and cancelled on request, through the command alone", async ({ p, server }) => {
    asking(p, server, 6, "kindly", { mode: "batch" });
    // A server that keeps the batch for as long as the test wants.
    let status = "in_progress";
    let lines: string[] = [];
    let seen = (): void => {};
    const polled = new Promise<void>((resolve) => (seen = resolve));
    const batch = () => ({ id: "batch_1", object: "batch", status, endpoint: "/v1/chat/completions", output_file_id: status === "in_progress" ? null : "out", error_file_id: null, request_counts: { total: lines.length, completed: 2, failed: 0 }, metadata: {} });
    server.otherwise = ({ path, body }) => {
      if (path === "/v1/files") {
        lines = String(body).split("\r\n").flatMap((line) => line.split("\n")).filter((line) => line.startsWith("{"));
        return { body: { id: "in", object: "file" } };
      }
      if (path === "/v1/batches/batch_1") seen();
      if (path === "/v1/batches" && status === "cancelled") status = "completed";
      if (path.endsWith("/cancel")) status = "cancelled";
      if (path === "/v1/files/out/content") {
        const answered = status === "cancelled" ? lines.slice(0, 2) : lines;
        return { body: answered.map((line) => JSON.stringify({ custom_id: (JSON.parse(line) as { custom_id: string }).custom_id, response: { status_code: 200, body: say("batched").body } })).join("\n") };
      }
      return { body: batch() };
    };
    const created = (): number => server.requests.filter(({ path }) => path === "/v1/batches").length;

    const out = p.start("run");
    await polled;
    out.kill("SIGINT");
    const interrupted = await out.result;
    expect(interrupted.code).toBe(130);
    expect(interrupted.stderr).toContain("dag cache batches");
    const listed = await p.dag("cache", "batches");
    expect(listed.stdout).toContain("batch_1");
    expect(listed.text).not.toContain(secret);

    expect((await p.dag("cache", "batches", "--cancel")).stdout).toContain("1 batch cancelled");
    const rest = await p.dag("run", "--json");
    // Two were answered before the cancellation; the others were not, and say so.
    expect(rest.code).toBe(1);
    expect(rest.done.calls).toMatchObject({ made: 2 });
    expect(created()).toBe(1);
    // The rest goes out in a batch of its own.
    const last = await p.dag("run", "--json");
    expect(last.code).toBe(0);
    expect(created()).toBe(2);
    expect(last.done.calls).toMatchObject({ made: 4 });
    // The same answers are found online.
    asking(p, server, 6);
    const online = await p.dag("run", "--frozen");
    expect(online.code).toBe(0);
  });
});
