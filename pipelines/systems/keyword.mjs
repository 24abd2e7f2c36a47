// A system under test, as a program of its own: reads questions and documents (JSONL), writes predictions in the public release's result format.
// usage: node keyword.mjs questions.jsonl documents.jsonl noise k output.json
import { readFileSync, writeFileSync } from "node:fs";

const [, , questionFile, documentFile, , k, output] = process.argv;
const lines = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

const people = new Map();
for (const document of lines(documentFile)) {
  const person = `${document.community}/${document.person}`;
  const turns = document[document.type].map((part) => part.content ?? `${part.title} ${part.description}`).join("\n");
  people.set(person, [...(people.get(person) ?? []), { id: document.id, turns, words: new Set(words(turns)) }]);
}

/** Sessions by the rarity of the words they share with the question. */
function retrieve(question, sessions) {
  const rarity = (word) => Math.log(1 + sessions.length / (1 + sessions.filter((session) => session.words.has(word)).length));
  const asked = [...new Set(words(question))].map((word) => [word, rarity(word)]);
  const scored = sessions.map((session, place) => ({ session, place, score: asked.reduce((sum, [word, weight]) => sum + (session.words.has(word) ? weight : 0), 0) }));
  return scored.sort((a, b) => b.score - a.score || a.place - b.place).slice(0, Number(k)).map(({ session }) => session);
}

/** The names said most often in the best session, apart from sentence beginnings. */
function answer(sessions) {
  const names = (sessions[0]?.turns ?? "").match(/(?<=[a-z,] )\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*/gu) ?? [];
  const counts = new Map();
  for (const name of names) if (name !== "I") counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 2).map(([name]) => name).join(", ");
}

const Results = lines(questionFile).map(({ id, question, community, person }) => {
  const found = retrieve(question, people.get(`${community}/${person}`) ?? []);
  return { q_id: id, question, prediction: answer(found), retrieved_segment_ids: found.map((session) => session.id) };
});
writeFileSync(output, JSON.stringify([{ Model: "names+keyword", Results }]));
