import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { answer } from "../src/offline/index.ts";
import { PALETTES, PARTS } from "../src/offline/portrait.ts";

async function draw(body: Record<string, unknown>): Promise<Buffer> {
  const { data } = (await answer("image", { model: "portrait-1", prompt: "A portrait.", ...body } as never)) as { data: [{ b64_json: string }] };
  return Buffer.from(data[0].b64_json, "base64");
}
const sha = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

test("every part and colour is one the drawing knows", async () => {
  const { schema } = await import("@dicebear/avataaars");
  const known = schema.properties as Record<string, { items?: { enum?: string[] } }>;
  for (const [name, values] of Object.entries(PARTS)) expect(values.filter((value) => value !== "none" && value !== "bald").sort()).toEqual([...(known[name]?.items?.enum ?? [])].sort());
  for (const name of Object.keys(PALETTES)) expect(known).toHaveProperty(name);
});

test("a portrait is a PNG of the size asked for, the same each time, and its attributes show", async () => {
  const attributes = { top: "bun", hairColor: "red", accessories: "round", skinColor: "tan", clothing: "hoodie", clothesColor: "blue", eyes: "happy", mouth: "smile" };
  const one = await draw({ attributes, size: "128x128" });
  if (process.env["SHOW"]) writeFileSync(process.env["SHOW"], await draw({ attributes: { ...attributes, caption: "Ada <Lovelace> & co" }, size: "512x512" }));
  expect([...one.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  expect([one.readUInt32BE(16), one.readUInt32BE(20)]).toEqual([128, 128]);
  expect(sha(await draw({ attributes, size: "128x128" }))).toBe(sha(one));
  const seen = new Set([sha(one)]);
  for (const change of [{ top: "bald" }, { hairColor: "black" }, { accessories: "none" }, { skinColor: "espresso" }, { clothing: "overall" }, { eyes: "wink" }, { caption: "Ada" }]) seen.add(sha(await draw({ attributes: { ...attributes, ...change }, size: "128x128" })));
  expect(seen.size).toBe(8);
});

test("facts in the prompt draw the portrait where the request has no attributes", async () => {
  const facts = (eyes: string): string => `Paint her.\n\`\`\`json\n{"attributes": {"eyes": "${eyes}"}}\n\`\`\``;
  expect(sha(await draw({ prompt: facts("happy") }))).not.toBe(sha(await draw({ prompt: facts("cry") })));
});

test("an unknown attribute or value is refused with the known ones", async () => {
  await expect(draw({ attributes: { beard: "long" } })).rejects.toThrow('there is no attribute "beard"; known: accessories,');
  await expect(draw({ attributes: { hairColor: "green" } })).rejects.toThrow('hairColor has no value "green"; known: auburn, black,');
});

test("n asks for several pictures: the first is the one of a request without n, each other is another", async () => {
  const of = async (n?: number): Promise<string[]> => ((await answer("image", { model: "portrait-1", prompt: "A portrait.", size: "64x64", ...(n === undefined ? {} : { n }) } as never)) as { data: { b64_json: string }[] }).data.map(({ b64_json }) => b64_json);
  const three = await of(3);
  expect(new Set(three).size).toBe(3);
  expect(await of()).toEqual(three.slice(0, 1));
  await expect(of(11)).rejects.toThrow("'n' must be a number from 1 to 10");
});
