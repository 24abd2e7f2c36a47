/** The first frame of a stack inside the project's own code: `stages/x.ts:12:5`. */
export function frameOf(stack: string | undefined, root: string): string | undefined {
  const inside = (path: string): boolean => path.startsWith(`${root}/`) && !path.includes("/node_modules/") && !path.startsWith(`${root}/dist/`) && !path.startsWith(`${root}/cache/`);
  for (const line of (stack ?? "").split("\n")) {
    const [, path, row, column] = /(?:\(|at )(?:file:\/\/)?(\/[^()]*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
    if (path !== undefined && inside(path)) return `${path.slice(root.length + 1)}:${row ?? ""}:${column ?? ""}`;
  }
  return undefined;
}
