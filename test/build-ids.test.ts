import fc from "fast-check";
import { expect, test } from "vitest";
import { Ids } from "../src/build/ids.ts";

/** Positions at which an id is refused. */
function refused(ids: readonly string[]): number[] {
  const seen = new Ids();
  return ids.flatMap((id, i) => {
    try {
      seen.check(id, true, "");
      return [];
    } catch {
      return [i];
    }
  });
}

test("ids are refused exactly where a set already has them, whatever the text and the number", () => {
  const id = fc.oneof(fc.string({ maxLength: 3 }), fc.string({ unit: "grapheme", maxLength: 20 }), fc.nat(50).map((n) => `p${n}`));
  fc.assert(
    fc.property(fc.array(id, { maxLength: 300 }), (ids) => {
      const set = new Set<string>();
      expect(refused(ids)).toEqual(ids.flatMap((each, i) => (set.size === set.add(each).size ? [i] : [])));
    }),
  );
});

test("of fifty thousand ids each is known again after the table has grown many times", () => {
  const ids = Array.from({ length: 50_000 }, (_, i) => `p${i}`);
  expect(refused([...ids, ...ids])).toEqual(ids.map((_, i) => 50_000 + i));
});

test("a record without an id passes where none is asked for, and is named where one is", () => {
  const ids = new Ids();
  for (const nothing of [undefined, undefined, 5, 5]) expect(() => { ids.check(nothing, false, "record 1"); }).not.toThrow();
  expect(() => { ids.check(5, true, "record 2"); }).toThrow('record 2 has no string "id": return { id: item.id, … }');
  ids.check("a", true, "");
  expect(() => { ids.check("a", false, "record 4"); }).toThrow('two records have the id "a": ids are unique in an artifact');
});
