import { isGroupName, isName, mostValues, namesOf, numbersOf, personOf, scalarsOf } from "./fields.ts";
import { fieldsOf, fileLines, idOf } from "./lines.ts";
import type { Fields } from "./lines.ts";

/** More columns than this are not scores. */
const MOST_COLUMNS = 256;

type Scalar = string | number | boolean;

/** The records of a score file by column. */
export interface Table {
  /** Record id → row. */
  rows: Map<string, number>;
  /** Metric → number by row; none where a record has none. */
  numbers: Map<string, number[]>;
  /** Field → value by row, for those with few values. */
  scalars: Map<string, (Scalar | undefined)[]>;
  /** Fields that would name groups, but far too many. */
  crowded: Set<string>;
  /** Field → value by row, for those that tell which record it is. */
  names: Map<string, (Scalar | undefined)[]>;
  /** Person by row, where records name one. */
  people: (string | undefined)[];
  /** Fields that name people. */
  personFields: Set<string>;
  /** Lines that are no records with an id. */
  others: number;
}

export async function readTable(path: string): Promise<Table> {
  return tableOf(recordsIn(path));
}

async function* recordsIn(path: string): AsyncGenerator<Fields | undefined> {
  for await (const { bytes } of fileLines(path)) yield fieldsOf(bytes);
}

/** The table of records wherever they come from. */
export async function tableOf(records: AsyncIterable<Fields | undefined> | Iterable<Fields | undefined>): Promise<Table> {
  const table: Table = { rows: new Map(), numbers: new Map(), scalars: new Map(), crowded: new Set(), names: new Map(), people: [], personFields: new Set(), others: 0 };
  // Field → its values, each kept once however often it comes.
  const values = new Map<string, Map<Scalar, Scalar>>();
  const names = new Map<string, string>();
  const once = new Map<Scalar, Scalar>();
  let row = 0;
  for await (const record of records) {
    const id = idOf(record);
    if (record === undefined || id === undefined || table.rows.has(id)) {
      table.others++;
      continue;
    }
    table.rows.set(id, row);
    for (const [metric, number] of numbersOf(record)) {
      if (isName(metric)) continue;
      let column = table.numbers.get(metric);
      if (column === undefined && table.numbers.size < MOST_COLUMNS) table.numbers.set(metric, (column = []));
      if (column !== undefined) column[row] = number;
    }
    for (const [field, value] of scalarsOf(record)) {
      const known = values.get(field) ?? (values.size < MOST_COLUMNS ? new Map<Scalar, Scalar>() : undefined);
      if (known === undefined || known.size > mostValues(field)) continue;
      if (!known.has(value)) values.set(field, known.set(value, value));
      const column = table.scalars.get(field) ?? [];
      column[row] = known.get(value);
      table.scalars.set(field, column);
      if (known.size > mostValues(field)) {
        table.scalars.delete(field);
        if (isGroupName(field)) table.crowded.add(field);
      }
    }
    for (const [field, value] of namesOf(record)) {
      const column = table.names.get(field) ?? (table.names.size < MOST_COLUMNS ? [] : undefined);
      if (column === undefined) continue;
      if (!once.has(value)) once.set(value, value);
      column[row] = once.get(value);
      table.names.set(field, column);
    }
    const about = personOf(record);
    if (about !== undefined) {
      // One string for all of a person's records.
      if (!names.has(about.person)) names.set(about.person, about.person);
      table.people[row] = names.get(about.person);
      for (const field of about.fields) table.personFields.add(field);
    }
    row++;
  }
  return table;
}
