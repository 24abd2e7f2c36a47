import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { caller, emptyRoot, gateway } from "./model.rig.ts";

/** A project that has the optional package; elsewhere these tests skip. */
const packages = process.env["DAG_TEST_TRANSFORMERS"] ?? resolve("node_modules");
const installed = existsSync(join(packages, "@huggingface", "transformers"));

// Just enough of protocol buffers (proto3 wire format) to write an ONNX graph.
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
const int = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const bytes = (field: number, value: readonly number[] | string | Uint8Array): number[] => {
  const content = typeof value === "string" ? [...Buffer.from(value)] : [...value];
  return [...varint(field * 8 + 2), ...varint(content.length), ...content];
};
const valueInfo = (name: string, type: number, dims: string[]): number[] => [
  ...bytes(1, name),
  ...bytes(2, bytes(1, [...int(1, type), ...bytes(2, dims.flatMap((dim) => bytes(1, /^\d+$/.test(dim) ? int(1, Number(dim)) : bytes(2, dim))))])),
];

const VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "boat", "tax", "law"];
const ROWS = VOCABULARY.map((_, i) => [i, 1, i % 2, 0.5]);

/** A model of one layer: the embedding of each token. */
function writeTinyModel(directory: string, longest = 64): void {
  const table = Buffer.from(new Float32Array(ROWS.flat()).buffer);
  const graph = [
    ...bytes(1, [...bytes(1, "table"), ...bytes(1, "input_ids"), ...bytes(2, "last_hidden_state"), ...bytes(4, "Gather")]),
    ...bytes(2, "tiny"),
    ...bytes(5, [...int(1, VOCABULARY.length), ...int(1, 4), ...int(2, 1), ...bytes(8, "table"), ...bytes(9, table)]),
    ...bytes(11, valueInfo("input_ids", 7, ["batch", "length"])),
    ...bytes(11, valueInfo("attention_mask", 7, ["batch", "length"])),
    ...bytes(12, valueInfo("last_hidden_state", 1, ["batch", "length", "4"])),
  ];
  mkdirSync(join(directory, "onnx"), { recursive: true });
  writeFileSync(join(directory, "onnx", "model.onnx"), Buffer.from([...int(1, 8), ...bytes(7, graph), ...bytes(8, [...bytes(1, ""), ...int(2, 13)])]));
  writeFileSync(join(directory, "config.json"), JSON.stringify({ model_type: "bert", architectures: ["BertModel"], hidden_size: 4, num_attention_heads: 1, num_hidden_layers: 1, vocab_size: VOCABULARY.length }));
  writeFileSync(join(directory, "tokenizer_config.json"), JSON.stringify({ tokenizer_class: "BertTokenizer", do_lower_case: true, unk_token: "[UNK]", pad_token: "[PAD]", cls_token: "[CLS]", sep_token: "[SEP]", mask_token: "[MASK]", model_max_length: longest }));
  writeFileSync(join(directory, "tokenizer.json"), JSON.stringify({
    version: "1.0", truncation: null, padding: null, added_tokens: [],
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" }, post_processor: null, decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: Object.fromEntries(VOCABULARY.map((word, i) => [word, i])) },
  }));
}

const unit = (vector: number[]): number[] => vector.map((x) => x / Math.hypot(...vector));
const row = (word: string): number[] => ROWS[VOCABULARY.indexOf(word)] as number[];

test.skipIf(!installed)("a model of the project embeds in process, pooled and normalised as asked", async () => {
  const root = emptyRoot();
  writeTinyModel(join(root, "models", "tiny"));
  symlinkSync(packages, join(root, "node_modules"));
  const tiny = { provider: "transformers", model: "./models/tiny" };
  const open = await gateway(root, tiny);
  const { value, usage } = await open.embed({ role: "writer", texts: ["Red boat", "tax law law", "red boat"] }, caller);
  const mean = (words: string[]): number[] => [0, 1, 2, 3].map((i) => words.reduce((sum, word) => sum + (row(word)[i] ?? 0), 0) / words.length);
  for (const [i, words] of [["red", "boat"], ["tax", "law", "law"], ["red", "boat"]].entries()) {
    expect(value[i]).toHaveLength(4);
    for (const [j, x] of unit(mean(words)).entries()) expect(value[i]?.[j]).toBeCloseTo(x, 5);
  }
  expect(usage.input).toBe(7);
  const first = (await open.embed({ role: "writer", texts: ["red boat"], options: { pooling: "cls", normalize: false } }, caller)).value[0];
  expect([...(first as Float32Array)]).toEqual(row("red"));
  await open.close();
  const stored = await gateway(root, tiny, { frozen: true });
  expect((await stored.embed({ role: "writer", texts: ["Red boat"] }, caller)).value[0]).toEqual(value[0]);
});

for (const [name, pooling, pieces] of [["all-MiniLM-L6-v2", "mean", 256], ["all-mpnet-base-v2", "mean", 384], ["bge-m3", "cls", 8192]] as const) {
  test.skipIf(!installed)(`${name} is read as its card says: ${pooling} of at most ${pieces} word pieces, to unit length`, async () => {
    const root = emptyRoot();
    // In the place of weights downloaded before.
    writeTinyModel(join(root, "home", "transformers.js", "Xenova", name), 16_384);
    symlinkSync(packages, join(root, "node_modules"));
    const open = await gateway(root, { provider: "transformers", model: name }, { env: { HF_HOME: join(root, "home"), HF_HUB_OFFLINE: "1" } });
    const words = [...Array<string>(pieces).fill("red"), ...Array<string>(pieces).fill("law")];
    const { value, usage } = await open.embed({ role: "writer", texts: ["law red", words.join(" ")] }, caller);
    const wanted = pooling === "cls" ? row("law") : row("law").map((x, i) => (x + (row("red")[i] as number)) / 2);
    for (const [j, x] of unit(wanted).entries()) expect(value[0]?.[j]).toBeCloseTo(x, 5);
    for (const [j, x] of unit(row("red")).entries()) expect(value[1]?.[j]).toBeCloseTo(x, 4);
    expect(usage.input).toBe(2 + pieces);
  });
}

test.skipIf(!installed)("weights that cannot be had are an error with the place and the way out", async () => {
  const root = emptyRoot();
  symlinkSync(packages, join(root, "node_modules"));
  const open = await gateway(root, { provider: "transformers", model: "./models/none" });
  await expect(open.embed({ role: "writer", texts: ["x"] }, caller)).rejects.toMatchObject({ kind: "request", message: expect.stringMatching(/the weights of \.\/models\/none cannot be had from .*models\/none: .*put them into a directory/s) });
});

test.skipIf(installed)("without the optional package the error says what to install", async () => {
  const open = await gateway(emptyRoot(), { provider: "transformers", model: "all-MiniLM-L6-v2" });
  await expect(open.embed({ role: "writer", texts: ["x"] }, caller)).rejects.toMatchObject({ kind: "request", message: "provider: transformers needs the package @huggingface/transformers; install it in the project: npm install @huggingface/transformers" });
});
