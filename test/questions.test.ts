import { beforeAll, describe, expect, it } from "vitest";
import type { Json, JsonRecord } from "../src/stage/index.ts";
import { skills } from "../src/offline/skills/index.ts";
import { seededRandom } from "../src/offline/random.ts";
import { checkEvidence } from "../stages/audit/evidence.ts";
import { checkIds, checkNesting } from "../stages/audit/ids.ts";
import { dossiers } from "../stages/audit/material.ts";
import { checkQuestions } from "../stages/audit/answers.ts";
import { checkUpdates } from "../stages/audit/updates.ts";
import { checkDuplicates } from "../stages/audit/duplicates.ts";
import { checkGraph, readGraph, readInverses, type Graph } from "../stages/audit/relations.ts";
import { build, community, offlineModel, type Built } from "./documents.rig.ts";

interface Question { id: string; question: string; answer: Json; type: string; difficulty: string; hops: number; attribute: string; outdated_value: string[] | null; evidence: { key: string; ids: string[] }[]; person: number }

let low: Built, high: Built, profiles: JsonRecord[];
const asked = (built: Built): Question[] => built.questions as unknown as Question[];

beforeAll(async () => {
  profiles = await community(1, "questions");
  const writer = offlineModel();
  low = await build(profiles, 0, undefined, writer);
  high = await build(profiles, 0.5, undefined, writer);
}, 120_000);

describe("questions", () => {
  it("are the same at every noise level but for their evidence", () => {
    const bare = (built: Built): unknown[] => asked(built).map(({ evidence, ...rest }) => ({ ...rest, keys: evidence.map(({ key }) => key) }));
    expect(bare(high)).toEqual(bare(low));
    expect(JSON.stringify(high.questions)).not.toBe(JSON.stringify(low.questions));
  });

  it("have ids of community, person and index, without a gap", () => {
    for (const person of [0, 1, 2]) expect(asked(low).filter((question) => question.person === person).map(({ id }) => id)).toEqual(asked(low).filter((question) => question.person === person).map((_, index) => `00000${String(person)}${String(index).padStart(3, "0")}`));
  });

  it("are hard where five preferences or two hops are asked for", () => {
    const entries = (answer: Json): number => (Array.isArray(answer) ? answer.length : 1);
    for (const { type, difficulty, answer, hops } of asked(low)) {
      if (type === "Basic information") expect(difficulty).toBe("easy");
      if (type === "Preference") expect(difficulty).toBe(entries(answer) >= 5 ? "hard" : "easy");
      if (type === "Social") expect(difficulty).toBe(hops === 2 ? "hard" : "easy");
    }
    expect(new Set(asked(low).map(({ type, difficulty }) => `${type} ${difficulty}`)).size).toBe(5);
  });

  it("ask about every relationship, and about somebody by a role only where one person has it", () => {
    for (const profile of profiles.slice(0, 3)) {
      const relations = profile["relations"] as { name: string; relationship: string }[];
      const social = asked(low).filter(({ type, person }) => type === "Social" && person === profile["person"]);
      for (const { name, relationship } of relations) expect(social.some(({ answer, question }) => answer === relationship && question.includes(name))).toBe(true);
      for (const { question } of social) {
        const role = /\bmy ([a-z -]+?)(?:'s| |\?)/.exec(question)?.[1];
        if (role !== undefined && relations.some(({ relationship }) => relationship === role)) expect(relations.filter(({ relationship }) => relationship === role).length).toBe(1);
      }
    }
  });

  it("have evidence for every part of the answer, in the order of the answer", () => {
    for (const { evidence, answer, type, hops } of asked(low)) {
      expect(evidence.length).toBeGreaterThan(0);
      for (const { ids } of evidence) expect(ids.length).toBeGreaterThan(0);
      if (Array.isArray(answer) && answer.every((value) => typeof value === "string")) expect(evidence.map(({ key }) => key)).toEqual(answer);
      if (type === "Social" && hops === 1) expect(evidence.length).toBe(1);
    }
  });

  it("leave no placeholder in their words", () => {
    for (const { question } of asked(low)) expect(question).toMatch(/^[A-Z][^{}]*(\?|\.\.\.)$/);
  });
});

describe("the checks of the audit find nothing here", () => {
  it("at either level", () => {
    const levels = [low, high].map(({ documents, questions }, index) => dossiers(index === 0 ? 0 : 0.5, documents, questions));
    for (const level of levels) for (const dossier of level) expect([...checkIds(dossier), ...checkEvidence(dossier, []), ...checkQuestions(dossier), ...checkUpdates(dossier), ...checkDuplicates(dossier)]).toEqual([]);
    for (const [index, dossier] of (levels[0] ?? []).entries()) expect([...checkNesting([dossier, levels[1]?.[index] as typeof dossier])]).toEqual([]);
  });
});

describe("the checks of the audit find what is put there", () => {
  const damaged = (change: (documents: JsonRecord[], questions: JsonRecord[]) => void): string[] => {
    const { documents, questions } = structuredClone(high);
    change(documents, questions);
    return [...new Set(dossiers(0.5, documents, questions).flatMap((dossier) => [...checkIds(dossier), ...checkEvidence(dossier, []), ...checkQuestions(dossier), ...checkUpdates(dossier), ...checkDuplicates(dossier)]).map(({ check }) => check))];
  };
  const at = (records: JsonRecord[], index: number): JsonRecord => records[index] as JsonRecord;

  it("a wrong label, a repeated question, an id that was skipped", () => {
    expect(damaged((_, questions) => { at(questions, 0)["difficulty"] = "hard"; })).toEqual(["difficulty"]);
    expect(damaged((_, questions) => { at(questions, 1)["question"] = at(questions, 0)["question"] ?? ""; })).toEqual(["duplicate-question"]);
    expect(damaged((_, questions) => { at(questions, 2).id = "000000999"; })).toEqual(["question-id"]);
  });

  it("a hop too few or too many, by the words of the question", () => {
    const check = (question: string, difficulty: string): string[] => [...checkQuestions({ noise: 0, community: 0, person: 0, owner: "", sessions: [], questions: dossiers(0, [], [{ id: "000000000", community: 0, person: 0, owner: "", question, answer: "Atelier Dovecote", type: "Social", difficulty, outdated_value: null, evidence: [] }])[0]?.questions ?? [] })].map((finding) => finding.check);
    for (const question of ["Who is my sister?", "Who in my family is my sister?", "What is Bo Stern's relationship to me?", "How am I connected with Bo Stern?"]) expect([check(question, "easy"), check(question, "hard")]).toEqual([[], ["difficulty"]]);
    for (const question of ["Who is my daughter's employer?", "Who is Bo Stern's employer?", "What is Boris' employer called?"]) expect([check(question, "hard"), check(question, "easy")]).toEqual([[], ["difficulty"]]);
  });

  it("a session too few, a session twice, a session out of time", () => {
    expect(damaged((documents) => { documents.splice(documents.findIndex((document) => (document["truth"] as { personal: boolean }).personal === false), 1); })).toContain("volume");
    expect(damaged((documents) => { at(documents, 1)["conversation"] = at(documents, 0)["conversation"] ?? []; })).toContain("duplicate-session");
    expect(damaged((documents) => { at(documents, 0)["time"] = "2024/Nov/13/11:59 PM"; })).toContain("time-order");
  });

  it("evidence that does not exist, says something else, or is kept back", () => {
    const evidence = (question: JsonRecord): { key: string; ids: string[] }[] => question["evidence"] as unknown as { key: string; ids: string[] }[];
    expect(damaged((_, questions) => { (evidence(at(questions, 0))[0] as { ids: string[] }).ids = ["000000999999"]; })).toContain("evidence-unknown");
    expect(damaged((_, questions) => { (evidence(at(questions, 0))[0] as { ids: string[] }).ids = []; })).toContain("evidence-missing");
    expect(damaged((documents, questions) => {
      const preference = questions.find(({ type, answer }) => type === "Preference" && typeof answer === "string") as JsonRecord;
      const noise = documents.find((document) => document["person"] === preference["person"] && document["type"] === "conversation" && !(document["truth"] as { personal: boolean }).personal) as JsonRecord;
      (noise["conversation"] as { content: string }[])[0] = { ...(noise["conversation"] as { role: string }[])[0], content: `I think of ${String(preference["answer"])} all day.` } as never;
    })).toContain("evidence-unlabelled");
  });
});

describe("the offline reader", () => {
  const read = (question: string, ...chunks: Json[]): string => {
    const prompt = `Excerpts (${String(chunks.length)}):\n${chunks.map((chunk, index) => `[${String(index + 1)}] ${JSON.stringify(chunk)}`).join("\n")}\n\nQuestion: ${question}\n\nReply with the name.`;
    return (skills["reader-answer"]?.({ model: "reader-1", schemaName: "reader-answer", schema: {}, prompt, facts: [], random: seededRandom(prompt) }) as { answer: string }).answer;
  };
  const talk = (...lines: [string, string][]): Json => ({ time: "2024/Oct/14/09:14 AM", target_name: lines[1]?.[0] ?? "", conversation: lines.map(([role, content]) => ({ role, content })) });

  it("finds the thing asked for in what the asker says of themself", () => {
    const chunk = talk(["Ada Quill", "Hello!"], ["Bo Stern", "The cinema is closed again."], ["Ada Quill", "I got two tickets for Paper Lighthouse, right behind a pillar."], ["Bo Stern", "Lovely."]);
    expect(read("What bands or musicians am I a fan of?", chunk)).toBe("Paper Lighthouse");
  });

  it("answers otherwise from other excerpts, for it knows nothing else", () => {
    const other = talk(["Ada Quill", "Hello!"], ["Bo Stern", "Hi."], ["Ada Quill", "I got two tickets for Velvet Meridian, right behind a pillar."]);
    expect(read("What bands or musicians am I a fan of?", other)).toBe("Velvet Meridian");
    expect(read("What bands or musicians am I a fan of?")).toBe("unknown");
  });

  it("lists one thing an excerpt where several are asked for", () => {
    const bring = (colour: string): Json => ({ time: "", user_ai_interaction: [{ role: "user", content: `I painted the hall in ${colour}, and half the furniture after it.` }, { role: "assistant", content: "I see!" }] });
    expect(read("What colours do I favour?", bring("sage green"), bring("burnt orange"))).toBe("sage green, burnt orange");
  });

  it("takes numbers for ages and roles for relationships", () => {
    expect(read("What is my current age?", talk(["Ada Quill", "Hi."], ["Bo Stern", "Hi."], ["Ada Quill", "They put 47 candles on my cake this year."]))).toBe("47");
    expect(read("What is Bo Stern to me?", talk(["Ada Quill", "That is what I get for having you as a cousin."], ["Bo Stern", "True."]))).toBe("cousin");
    expect(read("Who is my sister?", { time: "", user_ai_interaction: [{ role: "user", content: "On the emergency form I put down Linda, and under that, sister." }, { role: "assistant", content: "Noted." }] })).toBe("Linda");
  });

  it("gives the letters of a choice", () => {
    expect(read("Which term can better describe my personality? please choose between A: Careless or B: Patient.", talk(["Ada Quill", "They called me patient again."], ["Bo Stern", "Ha."]))).toBe("B");
  });
});

describe("relationships", () => {
  const graph = (edges: [number, number, string, string?][], persona = ""): Graph => readGraph(0, {
    nodes: [{ node: 1, name: "Ada Quill", persona: "" }, { node: 2, name: "Bo Stern", persona }],
    edges: edges.map(([source, target, relationship, description = ""]) => ({ source, target, relationship, description })),
  });
  const inverses = readInverses({ kinds: [
    { roles: [{ female: "sister", male: "brother" }, { female: "sister", male: "brother" }] },
    { roles: [{ female: "mother", male: "father" }, { female: "daughter", male: "son" }] },
    { roles: [{ any: "client" }, { any: "service provider" }] },
  ] });
  const checks = (edges: [number, number, string, string?][], persona?: string): string[] => [...checkGraph(graph(edges, persona), inverses, [])].map(({ check }) => check);

  it("have a reverse with a label that goes with theirs", () => {
    expect(checks([[1, 2, "sister"], [2, 1, "brother"]])).toEqual([]);
    expect(checks([[1, 2, "mother"], [2, 1, "son"]])).toEqual([]);
    expect(checks([[1, 2, "mother"], [2, 1, "brother"]])).toEqual(["relation-labels", "relation-labels"]);
    expect(checks([[1, 2, "sister"]])).toEqual(["relation-reverse"]);
    expect(checks([[1, 2, "sister"], [1, 2, "mother"], [2, 1, "brother"]])).toContain("relation-twice");
    expect(checks([[1, 1, "sister"], [2, 3, "brother"]])).toContain("relation-ends");
    expect(checks([[1, 2, "oracle"], [2, 1, "oracle"]])).toEqual(["relation-labels", "relation-labels"]);
  });

  it("run the way their description or a persona says", () => {
    expect(checks([[1, 2, "client", "Ada hires Bo for the garden."], [2, 1, "service provider", "Ada hires Bo for the garden."]])).toEqual([]);
    expect(checks([[1, 2, "service provider", "Ada hires Bo for the garden."], [2, 1, "client", "Ada hires Bo for the garden."]])).toEqual(["relation-direction", "relation-direction"]);
    expect(checks([[1, 2, "mother"], [2, 1, "son"]], "Ada's elder brother, a diver.")).toEqual(["relation-direction"]);
  });

  it("make the answer: what the other's edge says", () => {
    const asked = dossiers(0, [], [{ id: "000000000", community: 0, person: 0, owner: "Ada Quill", question: "What is Bo Stern to me?", answer: "son", type: "Social", difficulty: "easy", outdated_value: null, evidence: [] }]);
    const edges = graph([[1, 2, "sister"], [2, 1, "brother"]]);
    expect([...checkGraph(edges, inverses, asked)].map(({ check, subject }) => [check, subject])).toEqual([["gold-answer", "000000000"]]);
    expect([...checkGraph({ ...edges, community: 1 }, inverses, asked)]).toEqual([]);
  });
});
