import { didYouMean, listing } from "./nearest.ts";
import { isMap, paramAt } from "./params.ts";
import { parsePlaceholders, type PlacedPart } from "./placeholders.ts";
import type { Span } from "./source.ts";
import type { Surroundings } from "./stage.ts";
import { type Entry, text, type Text, texts, type Tree } from "./tree.ts";
import type { Stage } from "./types.ts";
import { quote } from "./words.ts";

interface Fields {
  files: Entry | undefined;
  prompts: Entry | undefined;
  matrix: Entry | undefined;
}

/** Placeholders of a command may only name what the stage declares. */
export function checkPlaceholders(stage: Stage, cmd: Tree | undefined, fields: Fields, around: Surroundings): void {
  const whole = text(cmd);
  for (const word of whole ? [whole] : texts(cmd)) {
    for (const part of parsePlaceholders(word.text)) {
      const mistake = judge(part, stage, fields, around);
      if (mistake) around.mistakes.at(place(word, part, around), mistake.message, mistake.hint);
    }
  }
  if (cmd?.items && cmd.items[0]?.value === "") around.mistakes.at(cmd.items[0].span, `the program of stage ${quote(stage.name)} has no name`);
  const nul = (whole ? [whole] : texts(cmd)).find((word) => word.text.includes("\u0000"));
  if (nul) around.mistakes.at(nul.span, `an argument of stage ${quote(stage.name)} holds a NUL character, which no program can take`);
}

function judge(part: PlacedPart, stage: Stage, fields: Fields, around: Surroundings): { message: string; hint?: string | (() => string | undefined) } | undefined {
  const undeclared = (noun: string, field: string, name: string, declared: Iterable<string>) => {
    const list = [...declared];
    if (list.includes(name)) return undefined;
    return {
      message: `{${part.kind}.${name}}: stage ${quote(stage.name)} declares no ${noun} ${quote(name)}`,
      hint: () => didYouMean(name, list) ?? `add it to ${quote(field)} of the stage`,
    };
  };
  switch (part.kind) {
    case "text":
    case "output":
      return undefined;
    case "item":
      return stage.each === undefined ? { message: `{item} needs "each": stage ${quote(stage.name)} runs once`, hint: 'add "each: <stage>", or name an artifact with {needs.x}' } : undefined;
    case "needs":
      return undeclared("need", "needs", part.name, stage.needs);
    case "files":
      return undeclared("files", "files", part.name, fields.files?.tree.entries?.keys() ?? []);
    case "prompts":
      return undeclared("prompt", "prompts", part.name, fields.prompts?.tree.entries?.keys() ?? []);
    case "axis":
      return undeclared("axis", "matrix", part.name, fields.matrix?.tree.entries?.keys() ?? []);
    case "params": {
      if (stage.params.some((param) => param === part.name || part.name.startsWith(`${param}.`))) {
        if (paramAt(around.params, part.name) !== undefined) return undefined;
        const parent = part.name.split(".").slice(0, -1).join(".");
        const siblings = paramAt(around.params, parent);
        return { message: `unknown param ${quote(part.name)}`, hint: () => (isMap(siblings) ? listing("params", Object.keys(siblings).map((key) => `${parent}.${key}`)) : undefined) };
      }
      return undeclared("param", "params", part.name, stage.params);
    }
    case "unknown":
      return {
        message: `unknown placeholder ${part.text}`,
        hint: () => didYouMean(part.text.slice(1, -1), ["output", "item"]) ?? `known: {needs.x} {files.x} {prompts.x} {params.x} {axis.x} {output} {item}; a literal is written {${part.text}}`,
      };
  }
}

/** Where the placeholder stands in the file: exact where the text is written without escapes, else the whole text. */
function place(word: Text, part: PlacedPart, around: Surroundings): Span {
  const written = around.source.text.slice(word.span.start, word.span.end);
  const at = written.indexOf(word.text);
  if (at >= 0) return { start: word.span.start + at + part.start, end: word.span.start + at + part.end };
  const literal = "text" in part ? part.text : "name" in part ? `{${part.kind}.${part.name}}` : `{${part.kind}}`;
  const found = written.indexOf(literal);
  return found < 0 ? word.span : { start: word.span.start + found, end: word.span.start + found + literal.length };
}
