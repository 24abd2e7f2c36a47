import type { Json } from "../../stage/index.ts";
import type { Skill } from "../skill.ts";

interface Open {
  category: string;
  entries: number;
  options: string[];
}

interface Group {
  id: string;
  options: string[];
}

/** profile-social: one of the options for every group, none twice. */
export const profileSocial: Skill = ({ facts, random }) => {
  const given = having<{ groups: Group[] }>(facts, "groups");
  if (given === undefined) return undefined;
  const taken = new Set<string>();
  const choices = given.groups.map(({ id, options }) => {
    const free = options.filter((option) => !taken.has(option));
    const value = random.pick(free.length > 0 ? free : options);
    taken.add(value);
    return { id, value };
  });
  return { choices };
};

/** profile-draft: entries of every open category, from the suggestions, in an order of preference. */
export const profileDraft: Skill = ({ facts, random }) => {
  const given = having<{ template: Open[] }>(facts, "template");
  if (given === undefined) return undefined;
  return { attributes: given.template.map(({ category, entries, options }) => ({ category, entries: random.sample(options, entries) })) };
};

function having<T>(facts: readonly Json[], key: string): T | undefined {
  return facts.find((fact) => typeof fact === "object" && fact !== null && key in fact) as unknown as T | undefined;
}
