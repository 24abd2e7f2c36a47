/** Makes the defaults of Intl and of locale methods those of en-US and UTC, so that bytes do not depend on the machine's settings. */
export function fixLocale(): void {
  const locale = (given: unknown): unknown => (given === undefined ? "en-US" : given);
  const intl = Intl as unknown as Record<string, unknown>;
  for (const name of ["Collator", "DateTimeFormat", "NumberFormat", "PluralRules", "ListFormat", "RelativeTimeFormat", "Segmenter"]) {
    const original = intl[name] as new (...args: unknown[]) => object;
    intl[name] = new Proxy(original, {
      construct: (target, [given, ...rest]: unknown[], as) => Reflect.construct(target, [locale(given), ...rest], as) as object,
      apply: (target, self, [given, ...rest]: unknown[]) => Reflect.apply(target as unknown as (...args: unknown[]) => unknown, self, [locale(given), ...rest]),
    });
  }
  const methods: [object, string, number][] = [
    [String.prototype, "localeCompare", 1],
    [String.prototype, "toLocaleLowerCase", 0],
    [String.prototype, "toLocaleUpperCase", 0],
    [Number.prototype, "toLocaleString", 0],
    [BigInt.prototype, "toLocaleString", 0],
    [Date.prototype, "toLocaleString", 0],
    [Date.prototype, "toLocaleDateString", 0],
    [Date.prototype, "toLocaleTimeString", 0],
  ];
  for (const [prototype, name, position] of methods) {
    const original = (prototype as Record<string, (...args: unknown[]) => unknown>)[name];
    if (original === undefined) continue;
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        while (args.length < position) args.push(undefined);
        args[position] = locale(args[position]);
        return original.apply(this, args);
      },
    });
  }
}
