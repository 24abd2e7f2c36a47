/** What a paper says of a build. */
export interface Citation {
  name: string;
  /** Version of the tool. */
  version: string;
  /** Hash of the whole build, and of the artifacts that are cited. */
  build: string;
  artifacts: { name: string; hash: string }[];
  /** Of the sources, where they are under git. */
  revision?: string;
  /** Year of that revision. */
  year?: string;
}

export type CiteFormat = "latex" | "bibtex" | "markdown" | "json";

/** Renders a citation; the same build gives the same bytes. */
export function cite(citation: Citation, format: CiteFormat): string {
  switch (format) {
    case "latex":
      return latex(citation);
    case "bibtex":
      return bibtex(citation);
    case "markdown":
      return markdown(citation);
    case "json":
      return `${JSON.stringify(citation, null, 2)}\n`;
    default:
      return format satisfies never;
  }
}

/** A table to paste into an appendix; needs no package but booktabs. Hashes may break between digits. */
function latex({ name, version, build, artifacts, revision }: Citation): string {
  const hash = (text: string): string => `\\texttt{${text.replace("sha256:", "").match(/.{1,32}/g)?.join("\\allowbreak ") ?? ""}}`;
  const rows = [...artifacts.map((a) => [tex(a.name), a.hash] as const), ["whole build", build] as const];
  return [
    "\\begin{table}",
    "  \\centering\\footnotesize",
    "  \\begin{tabular}{@{}lp{0.62\\linewidth}@{}}",
    "    \\toprule",
    "    Artifact & SHA-256 \\\\",
    "    \\midrule",
    ...rows.map(([label, of], i) => `${i === rows.length - 1 ? "    \\midrule\n" : ""}    ${label} & ${hash(of)} \\\\`),
    "    \\bottomrule",
    "  \\end{tabular}",
    `  \\caption{Hashes of ${tex(name)}, built with daguerre ${tex(version)}${revision === undefined ? "" : ` from revision \\texttt{${revision.slice(0, 12)}}`}.}`,
    "\\end{table}",
    "",
  ].join("\n");
}

function bibtex({ name, version, build, artifacts, revision, year }: Citation): string {
  const fields: [string, string][] = [
    ["title", `{${tex(name)}: artifacts by hash}`],
    ...(year === undefined ? [] : [["year", year] as [string, string]]),
    ["howpublished", `Built with daguerre ${tex(version)}${revision === undefined ? "" : ` from revision ${revision}`}`],
    ["note", [`Build ${build}`, ...artifacts.map((a) => `${tex(a.name)} ${a.hash}`)].join("; ")],
  ];
  return `@misc{${name.replace(/[^A-Za-z0-9]+/g, "-").toLowerCase()}-${build.slice(7, 15)},\n${fields.map(([key, value]) => `  ${key} = {${value}},\n`).join("")}}\n`;
}

function markdown({ name, version, build, artifacts, revision }: Citation): string {
  const code = (text: string): string => `\`${text.replaceAll("`", "'").replaceAll("|", "\\|")}\``;
  return [`| artifact of ${name.replaceAll("|", "\\|")} | hash |`, "|---|---|", ...artifacts.map((a) => `| ${code(a.name)} | ${code(a.hash)} |`), `| whole build | ${code(build)} |`, "", `Built with daguerre ${version}${revision === undefined ? "" : ` from revision \`${revision}\``}; \`dag replay\` or \`dag verify --rebuild\` checks it.`, ""].join("\n");
}

const tex = (text: string): string => text.replace(/[\\{}_^~%$#&]/g, (c) => ({ "\\": "\\textbackslash{}", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}" })[c] ?? `\\${c}`);
