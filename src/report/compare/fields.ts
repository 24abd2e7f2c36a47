/** Fields that say what a number is of. */
const GROUPS = new Set(["mode", "dataset", "split", "system", "model", "reader", "retriever", "method", "variant", "condition", "noise", "temperature", "k"]);
/** Named by `system` already. */
const PARTS_OF_SYSTEM = new Set(["model", "reader", "retriever", "method"]);
/** Whom a record is about: records of one person are not independent. */
const PEOPLE = ["person", "persona", "subject", "user"];
/** A person's number may count within this. */
const ABOVE_PERSON = "community";
/** Numbers that name something. */
const NAMES = /^(?:id|idx|index|seed|line|position|.*(?:_id|_idx|_index|_seed))$/i;

/** Fields that say how an answer came about: another system may be asked the same. */
const SYSTEMS = new Set(["system", "model", "reader", "retriever", "method", "variant", "condition"]);
/** Fields that say what was asked. */
const ASKED = /^(?:question|query|item|task|topic|example|case|statement|prompt|document|doc)$/;

/** Longer text is content. */
const LONGEST_NAME = 200;

type Scalar = string | number | boolean;
const isScalar = (value: unknown): value is Scalar => typeof value === "string" || typeof value === "number" || typeof value === "boolean";

const lastOf = (path: string): string => path.slice(path.lastIndexOf(".") + 1);

/** Does a number of this name tell which record it is, not how it did? */
export const isName = (path: string): boolean => NAMES.test(lastOf(path)) || GROUPS.has(path) || path === ABOVE_PERSON || personField([path]) !== undefined;

export const isGroup = (field: string, fields: ReadonlySet<string>): boolean => GROUPS.has(field) && !(fields.has("system") && PARTS_OF_SYSTEM.has(field));

/** Is it told by the groups there are? Then it breaks nothing down. */
export const isToldByGroups = (field: string): boolean => GROUPS.has(field) || personField([field]) !== undefined;

export const isSystem = (field: string): boolean => SYSTEMS.has(field);
export const isAsked = (field: string): boolean => ASKED.test(field) || (NAMES.test(field) && personField([field]) === undefined);

/** A field with more values than this is not broken down by: a text that groups nothing, or too many groups to read. */
export const mostValues = (field: string): number => (GROUPS.has(field) ? 1000 : 40);
export const isGroupName = (field: string): boolean => GROUPS.has(field);

function personField(fields: readonly string[]): string | undefined {
  return PEOPLE.flatMap((name) => [name, `${name}_id`]).find((name) => fields.includes(name));
}

/** The person a record is about, and the fields that say so; nothing where it names none. */
export function personOf(record: Readonly<Record<string, unknown>>): { person: string; fields: string[] } | undefined {
  const field = personField(Object.keys(record));
  const person = field === undefined ? undefined : record[field];
  const above = record[ABOVE_PERSON] ?? null;
  return field === undefined || !isScalar(person) ? undefined : { person: JSON.stringify([above, person]), fields: above === null ? [field] : [ABOVE_PERSON, field] };
}

/** Numbers of a record by dotted path; true counts as 1, so that a share of right answers is a mean. Lists are left out. */
export function* numbersOf(value: Readonly<Record<string, unknown>>, prefix = "", depth = 0): Generator<[path: string, number: number]> {
  for (const [key, inner] of Object.entries(value)) {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof inner === "number") yield [path, inner];
    else if (typeof inner === "boolean") yield [path, inner ? 1 : 0];
    else if (typeof inner === "object" && inner !== null && !Array.isArray(inner) && depth < 8) yield* numbersOf(inner as Record<string, unknown>, path, depth + 1);
  }
}

/** Fields at the top that together tell which record it is, whatever its id. */
export function* namesOf(record: Readonly<Record<string, unknown>>): Generator<[field: string, value: Scalar]> {
  for (const [field, value] of Object.entries(record)) if (field !== "id" && isScalar(value) && !(typeof value === "string" && value.length > LONGEST_NAME) && (isAsked(field) || isName(field))) yield [field, value];
}

/** Fields at the top that may name a group or a part of one. */
export function* scalarsOf(record: Readonly<Record<string, unknown>>): Generator<[field: string, value: Scalar]> {
  for (const [field, value] of Object.entries(record)) if (field !== "id" && ((typeof value === "string" && value.length <= LONGEST_NAME) || (GROUPS.has(field) && isScalar(value)))) yield [field, value as Scalar];
}
