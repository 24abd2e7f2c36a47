/** An object whose undeclared names are errors that say what to declare. `section` is the key of the stage in pipeline.yaml. */
export function guarded<T>(stage: string, section: string, values: Record<string, T>): Record<string, T> {
  return new Proxy(values, {
    get(target, name) {
      if (typeof name === "symbol" || name === "toJSON" || name === "then") return Reflect.get(target, name) as T;
      if (Object.hasOwn(target, name)) return target[name] as T;
      if (section.startsWith("params") && name.includes(".")) throw new Error(`${section}[${JSON.stringify(name)}]: read it as ${section}.${name}`);
      const declared = Object.keys(target);
      throw new Error(
        `${section}.${name} is not declared by stage ${stage}: add ${name} to its "${section}"${declared.length > 0 ? ` (declared: ${declared.join(", ")})` : ""}`,
      );
    },
    set(_, name) {
      throw new Error(`${section}.${String(name)} cannot be set: a stage's inputs are read-only`);
    },
  });
}
