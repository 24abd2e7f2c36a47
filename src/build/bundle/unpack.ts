import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { chmod, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Answers } from "../../model/index.ts";
import { parseLock, readArchive, StoreError } from "../../store/index.ts";
import type { ArchivedFile, LockFile, Sha256 } from "../../store/index.ts";
import { readLines } from "../jsonl.ts";
import { ANSWERS, MANIFEST, parseManifest, PROJECT } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

const MOST_MANIFEST = 1 << 26;

/** A bundle laid out as a project: sources and lock in their places, answers in its call store. */
export interface Unpacked {
  manifest: Manifest;
  /** What the build must come to. */
  lock: LockFile;
}

/**
 * Unpacks a bundle into an empty directory. Every file must be listed and have its hash; a StoreError of reason `damaged` says what is not so.
 * `answers: false` leaves them out, for who only reads.
 */
export async function unpackBundle(path: string, into: string, { answers: wanted = true } = {}): Promise<Unpacked> {
  const bad = (what: string): StoreError => new StoreError("damaged", path, `${path} ${what}`, { advice: "get the bundle again from where it was published" });
  const answers = join(into, "cache", ANSWERS);
  let manifest: Manifest | undefined;
  const left = new Set<string>();
  for await (const file of readArchive(path)) {
    if (manifest === undefined) {
      if (file.name !== MANIFEST || file.bytes > MOST_MANIFEST) throw bad(`is not a bundle: it does not begin with ${MANIFEST}`);
      const parsed = parseManifest(await textOf(file));
      if (typeof parsed === "string") throw bad(`is not a bundle this version can use: its ${MANIFEST} ${parsed}`);
      manifest = parsed;
      for (const name of Object.keys(manifest.files)) left.add(name);
      continue;
    }
    const listed = left.has(file.name) ? manifest.files[file.name] : undefined;
    if (listed === undefined) throw bad(`holds ${JSON.stringify(file.name)}, which its ${MANIFEST} does not list`);
    if (listed.bytes !== file.bytes) throw bad(`is not whole: ${JSON.stringify(file.name)} has ${file.bytes} bytes and should have ${listed.bytes}`);
    const to = file.name === ANSWERS ? answers : join(into, file.name.slice(PROJECT.length));
    if ((await writeOut(file, to)) !== listed.sha256) throw bad(`is not whole: ${JSON.stringify(file.name)} does not have the hash its ${MANIFEST} gives`);
    if (listed.executable === true) await chmod(to, 0o755);
    left.delete(file.name);
  }
  if (manifest === undefined) throw bad("is not a bundle: it is empty");
  if (left.size > 0) throw bad(`is not whole: it lacks ${[...left].map((name) => JSON.stringify(name)).join(", ")}`);
  for (const directory of manifest.directories) await mkdir(join(into, directory), { recursive: true });
  const { lock, problems } = parseLock(await readFile(join(into, manifest.lock), "utf8").catch(() => ""), manifest.lock);
  if (problems[0] !== undefined) throw bad(`has no good lock: ${problems[0].message}`);
  if (!wanted) await rm(answers, { force: true });
  else if (Object.hasOwn(manifest.files, ANSWERS)) {
    const refused = await takeAnswers(into, answers);
    if (refused !== undefined) throw bad(`has a damaged answer: ${refused}`);
  }
  return { manifest, lock };
}

async function textOf({ body }: ArchivedFile): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function writeOut({ body }: ArchivedFile, to: string): Promise<Sha256> {
  await mkdir(dirname(to), { recursive: true });
  const hash = createHash("sha256");
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, hashing, createWriteStream(to, { flags: "wx" }));
  return `sha256:${hash.digest("hex")}`;
}

/** Puts the answers into the project's own store; the first that is not what it should be, in words. */
async function takeAnswers(root: string, file: string): Promise<string | undefined> {
  const answers = await Answers.open({ root });
  try {
    const lines = (async function* () {
      for await (const batch of readLines(file)) yield* batch;
    })();
    const { refused } = await answers.import(lines);
    return refused[0] === undefined ? undefined : `line ${refused[0].line}: ${refused[0].why}`;
  } finally {
    await answers.close();
    await rm(file);
  }
}
