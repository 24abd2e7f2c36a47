import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { isFields, type Fields } from "../lines.ts";

/** A persona as the Synthetic Persona Bank publishes it, in its order of fields. */
export interface BankPersona {
  name: string;
  username: string | null;
  age: number;
  traits: string[];
  background: string;
  chatting_style: string;
  model: string;
  /** 32 hex digits. */
  id: string;
}

/** What is wrong with a record, or undefined. The Bank's own schema; its card's ranges are `beyondCard`. */
export function faultOf(value: Fields): string | undefined {
  for (const field of ["name", "background", "chatting_style"]) if (typeof value[field] !== "string" || value[field] === "") return `${field} is not a text`;
  if (typeof value["age"] !== "number" || !Number.isInteger(value["age"])) return "age is not a whole number";
  if (!Array.isArray(value["traits"]) || !value["traits"].every((trait) => typeof trait === "string")) return "traits is not a list of texts";
  const { username } = value;
  return username === undefined || username === null || typeof username === "string" ? undefined : "username is neither a text nor null";
}

/** A record with a model, and the id it has or one of its content: equal personas get equal ids, whenever and wherever. */
export function bankPersona(value: Fields, model: string): BankPersona {
  const { name, age, traits, background, chatting_style } = value as unknown as BankPersona;
  const own = typeof value["id"] === "string" && /^[0-9a-f]{32}$/.test(value["id"]) ? value["id"] : undefined;
  return {
    name, username: typeof value["username"] === "string" ? value["username"] : null, age, traits: [...traits], background, chatting_style,
    model: typeof value["model"] === "string" && value["model"] !== "" ? value["model"] : model,
    id: own ?? createHash("sha256").update(likeness({ name, age, traits, background, chatting_style })).digest("hex").slice(0, 32),
  };
}

/** The Bank's rule: name, age, the traits in any order, background and chatting style. */
export function likeness({ name, age, traits, background, chatting_style }: Pick<BankPersona, "name" | "age" | "traits" | "background" | "chatting_style">): string {
  return canonicalize([name, age, [...traits].sort(), background, chatting_style]) ?? "";
}

/** What the Bank's card promises and its records do not always keep. */
export function beyondCard({ age, traits, background, chatting_style }: BankPersona): boolean {
  return age < 19 || age > 75 || new Set(traits).size < 3 || traits.length > 5 || background.length > 300 || chatting_style.length > 120;
}

/** A building block of personas with its weight. */
export interface Component {
  id: string;
  kind: string;
  value: string;
  weight: number;
  min_age?: number;
  max_age?: number;
}

/** persona_components.json: lists of { value, weight[, min_age, max_age] } by kind. Undefined where it is something else. */
export function componentsOf(value: unknown): Component[] | undefined {
  if (!isFields(value)) return undefined;
  const out: Component[] = [];
  for (const [kind, list] of Object.entries(value)) {
    if (!Array.isArray(list)) continue;
    for (const [at, item] of list.entries()) {
      if (!isFields(item) || typeof item["value"] !== "string" || typeof item["weight"] !== "number") return undefined;
      const ages = Object.fromEntries((["min_age", "max_age"] as const).flatMap((field) => (typeof item[field] === "number" ? [[field, item[field]]] : [])));
      out.push({ id: `${kind}/${at}`, kind, value: item["value"], weight: item["weight"], ...ages });
    }
  }
  return out.length === 0 ? undefined : out;
}
