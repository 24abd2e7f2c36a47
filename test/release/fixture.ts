import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pythonJson, type Answer } from "../../src/stats/index.ts";

/** A small release in the public layout, invented: two communities of three people, two of them with documents, at two noise levels. */
export interface Fixture {
  /** Data root: holds synthetic_data/. */
  root: string;
  write(path: string, content: string): string;
  /** Overwrites one file with a value in Python's layout; Maps keep key order. */
  json(path: string, value: Answer): string;
}

const PEOPLE = [
  ["Ada Quill", "Bo Marsh", "Cleo Vane"],
  ["Dov Ember", "Eli Frost", "Fay Loom"],
];

export function makeRelease(): Fixture {
  const root = mkdtempSync(join(tmpdir(), "release-"));
  const write = (path: string, content: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    return join(root, path);
  };
  const json = (path: string, value: Answer): string => write(path, pythonJson(value, { indent: 4 }));
  // Listed after community_0 and before community_2 would be; its number is 10.
  for (const [index, name] of [[0, "community_0"], [10, "community_10"]] as const) {
    const base = `synthetic_data/${name}`;
    const people = PEOPLE[index === 0 ? 0 : 1] ?? [];
    json(`${base}/eval_info/eval_info_all.json`, people.map((person, p) => ({ Name: person, Eval_Info: { qa: questions(index, p, person) } })));
    json(`${base}/graph_json/social_graph.json`, graph(people));
    for (const noise of ["0.0", "0.5"]) {
      json(`${base}/eval_info/qa_gt_context_all_noise_${noise}.json`, people.slice(0, 2).flatMap((person, p) => evidence(index, p, questions(index, p, person))));
      const sessions = people.slice(0, 2).map((person, p) => personSessions(index, p, person, people[2] ?? "", noise === "0.5" ? 3 : 0));
      for (const type of ["conversation", "user_ai_interaction", "purchase_history"] as const) {
        json(`${base}/private_data/noise_${noise}/${type}_data_all.json`, sessions.map((one, p) => ({ Name: people[p] ?? "", Data: one[type] ?? [] })));
      }
    }
  }
  return { root, write, json };
}

export function segment(community: number, person: number, n: number): string {
  return `${String(community).padStart(3, "0")}${String(person).padStart(3, "0")}${String(n).padStart(6, "0")}`;
}

/** The questions of one person: an integer, words, objects, a list of three, a relation, and an unscored choice. */
function questions(community: number, person: number, name: string): { [key: string]: Answer }[] {
  const rows: [string, Answer, string, string, Answer][] = [
    ["Which town do I live in?", `Port ${name.split(" ")[1] ?? ""}`, "Basic information", "easy", null],
    ["How old am I?", 30 + person, "Basic information", "easy", null],
    ["What pets do I keep?", [{ cat: "Whisk" }, { dog: "Rex-2" }], "Basic information", "easy", null],
    ["Which teas do I like?", ["green tea", "mint", "oolong"], "Preference", "easy", ["green juice"]],
    ["Which season suits me?", "autumn", "Preference", "hard", null],
    ["What is Cleo to me?", "cousin", "Social", "easy", null],
    ["What does my cousin grow?", ["figs", "12"], "Social", "hard", null],
    ["Would I rather A climb or B swim?", "B", "Subjective", "easy", null],
  ];
  return rows.map(([question, answer, type, difficulty, outdated_value], i) => ({ q_id: segment(community, person, i).replace(/^(\d{6})000(\d{3})$/, "$1$2"), question, answer, type, difficulty, outdated_value }));
}

function evidence(community: number, person: number, qa: readonly { [key: string]: Answer }[]): Answer[] {
  const id = (n: number): string => segment(community, person, n);
  const keys: [string, string[]][][] = [
    [["Port", [id(0), id(1)]]],
    [["30", [id(1)]]],
    [["(('dog', 'Rex-2'),)", [id(2)]], ["(('cat', 'Whisk'),)", [id(3)]]],
    [["oolong", [id(4)]], ["green tea", [id(0)]], ["mint", [id(3), id(4)]]],
    [["autumn", [id(5)]]],
    [["Cleo", [id(1)]]],
    // Number-like keys after others: JavaScript objects would put them first.
    [["figs", [id(5)]], ["12", [id(2)]]],
    [["bold", [id(0)]]],
  ];
  return qa.map((question, i) => ({ q_id: question["q_id"] ?? "", question: question["question"] ?? "", answer: question["answer"] ?? "", segment_id: new Map(keys[i] ?? []) }));
}

function personSessions(community: number, person: number, name: string, target: string, noise: number): Record<string, Answer> {
  let n = 0;
  const id = (): string => segment(community, person, n++);
  const turns = (text: string): Answer => [{ role: name, content: text }, { role: target, content: "I see\u2026 \u201cfine\u201d" }];
  const conversation = ["I moved to the town by the port", "turning thirty, cousin", "the dog Rex barks", "mint tea and the cat", ...Array.from({ length: noise }, () => "the weather in town")];
  const conversations = conversation.map((text, i) => ({ session: `conversation---session---${i + 1}`, time: "2024/Oct/14/07:44 AM", target_name: target, conversation: turns(text), segment_id: id() }));
  const ai = [{ session: "user_ai_interaction---session---1", time: "2024/Oct/15/07:44 PM", user_ai_interaction: [{ role: "user", content: "oolong and figs, naïvely" }, { role: "assistant", content: "ok" }], segment_id: id() }];
  const bought = [{ session: "purchase_history---session---1", time: "2024/Oct/16/07:44 PM", purchase_history: [{ title: "Autumn coat", description: "for the season", brand: "Loom", categories: ["a", "b", "c"], segment_id: "inner" }], segment_id: id() }];
  return { conversation: [{ Target_name: target, Conversations: conversations }], user_ai_interaction: ai, purchase_history: bought };
}

function graph(people: readonly string[]): Answer {
  return {
    nodes: people.map((name, i) => ({ node: i + 1, properties: { name, persona: `${name} keeps bees.` } })),
    edges: people.flatMap((_, i) => (i === 2 ? [] : [[i + 1, 3], [3, i + 1]].map(([source, target]) => ({ source: source ?? 0, target: target ?? 0, properties: { relationship: "cousin", description: "cousins" } })))),
  };
}
