import type { Finding } from "./material.ts";

/** A fault of the data; or words that match or do not, which a reader has to judge. */
export type Severity = "error" | "hint";

const HINTS: ReadonlySet<string> = new Set(["evidence-unsupported", "evidence-unlabelled"]);

export function severityOf(check: string): Severity {
  return HINTS.has(check) ? "hint" : "error";
}

/** Every check, and what it means when it finds something. */
export const CHECKS: Readonly<Record<string, string>> = {
  "segment-id": "segment ids count a person's sessions by time without a gap",
  "question-id": "question ids count a person's questions",
  "session-number": "sessions of a pair or kind are numbered by time",
  time: "times are times",
  "time-order": "segment ids follow time",
  volume: "a person has floor(P / (1 - r)) sessions",
  nesting: "personal sessions stay the same and noise only grows with the level",
  difficulty: "labels follow the rule: fewer than five entries or one hop is easy",
  answer: "answers say something, once",
  "key-form": "evidence keys are values",
  "duplicate-question": "nobody asks the same twice",
  "evidence-missing": "every value of an answer has evidence",
  "evidence-unknown": "evidence exists",
  "evidence-unsupported": "evidence says what it is for",
  "evidence-unlabelled": "no other session says an answer word for word",
  "noise-leak": "noise gives nobody away",
  "update-absent": "outdated values were told",
  "update-current": "outdated values are not current",
  "update-order": "the old value comes before the new",
  "duplicate-session": "no two sessions say the same",
  "repeated-purchase": "nothing is bought twice",
  "relation-ends": "edges join two people of the community",
  "relation-twice": "two people are one thing to each other",
  "relation-reverse": "every relationship has its reverse",
  "relation-labels": "labels of both directions agree with the table of relationships",
  "relation-direction": "edges run the way their description says",
  "gold-answer": "no answer follows from a wrong edge",
};

const EXAMPLES = 3;

/** The findings as Markdown: a table of all checks with counts by noise level, then the first examples of each that found something. */
export function summarise(findings: readonly Finding[], levels: readonly number[], people: number, sessions: number, questions: number): string {
  const columns: (number | null)[] = [...levels, null];
  const count = (check: string, noise: number | null): number => findings.filter((finding) => finding.check === check && finding.noise === noise).length;
  const rows = Object.entries(CHECKS).map(([check, meaning]) => `| ${check} | ${severityOf(check)} | ${meaning} | ${columns.map((noise) => String(count(check, noise))).join(" | ")} |`);
  const section = (check: string): string[] => {
    const found = findings.filter((finding) => finding.check === check);
    if (found.length === 0) return [];
    const examples = found.slice(0, EXAMPLES).map(({ subject, noise, detail }) => `- \`${subject}\`${noise === null ? "" : `, noise ${String(noise)}`}: ${escape(detail)}`);
    const more = found.length > EXAMPLES ? [`- and ${String(found.length - EXAMPLES)} more`] : [];
    return [`### ${check}`, "", ...examples, ...more, ""];
  };
  const part = (severity: Severity, title: string): string[] => {
    const sections = Object.keys(CHECKS).filter((check) => severityOf(check) === severity).flatMap(section);
    return sections.length > 0 ? [`## ${title}`, "", ...sections] : [];
  };
  return [
    "# Audit", "",
    `${countText(findings)} in ${String(sessions)} sessions and ${String(questions)} questions of ${String(people)} people (noise ${levels.join(", ")}; what is the same at all levels is counted once, under "all"). An error is a fault of the data; a hint is a match of words, or none, for a reader to judge.`, "",
    `| check | kind | holds where | ${levels.map(String).join(" | ")} | all |`, `|---|---|---|${columns.map(() => "---:").join("|")}|`, ...rows, "",
    ...part("error", "Errors"), ...part("hint", "Hints"),
  ].join("\n");
}

/** `28 errors and 230 hints`. */
export function countText(findings: readonly Finding[]): string {
  const hints = findings.filter(({ check }) => severityOf(check) === "hint").length;
  const text = (n: number, one: string): string => `${String(n)} ${one}${n === 1 ? "" : "s"}`;
  return `${text(findings.length - hints, "error")} and ${text(hints, "hint")}`;
}

function escape(text: string): string {
  return text.replace(/[<>|*_`[\]\\]/g, (character) => `\\${character}`);
}
