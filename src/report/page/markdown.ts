import { html } from "./html.ts";

/**
 * The Markdown that reports are written in, as HTML: `#` headings, paragraphs, lists, pipe tables, `**bold**`, escapes and the three entities. Anything else
 * stays the text it is; nothing can become markup. `level` is that of a `#` heading.
 */
export function markdownHtml(text: string, level = 2): string {
  const out: string[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const heading = /^(#{1,4}) +(.*)$/.exec(line);
    const block = (keep: (line: string) => boolean): string[] => {
      const start = at;
      while (at < lines.length && keep(lines[at] ?? "")) at += 1;
      return lines.slice(start, at);
    };
    if (heading !== null) {
      const depth = Math.min(6, level + (heading[1] ?? "#").length - 1);
      out.push(`<h${depth}>${inline(heading[2] ?? "")}</h${depth}>`);
      at += 1;
    } else if (line.startsWith("|")) out.push(table(block((one) => one.startsWith("|"))));
    else if (line.startsWith("- ")) out.push(`<ul>${block((one) => one.startsWith("- ")).map((one) => `<li>${inline(one.slice(2))}</li>`).join("")}</ul>`);
    else if (line.trim() === "") at += 1;
    else out.push(`<p>${inline(block((one) => one.trim() !== "" && !/^(#{1,4} |\||- )/.test(one)).join(" "))}</p>`);
  }
  return out.join("\n");
}

function table(lines: readonly string[]): string {
  const rows = lines.map(cells);
  const ruled = rows[1] !== undefined && rows[1].every((cell) => /^:?-+:?$/.test(cell));
  const right = (ruled ? (rows[1] ?? []) : []).map((cell) => cell.endsWith(":"));
  const row = (list: readonly string[], tag: "th" | "td"): string => `<tr>${list.map((cell, place) => `<${tag}${right[place] === true ? ' class="n"' : ""}>${inline(cell)}</${tag}>`).join("")}</tr>`;
  const head = ruled ? `<thead>${row(rows[0] ?? [], "th")}</thead>` : "";
  return `<div class="wide"><table>${head}<tbody>${rows.slice(ruled ? 2 : 0).map((one) => row(one, "td")).join("")}</tbody></table></div>`;
}

/** Splits at pipes that are not escaped. */
function cells(line: string): string[] {
  const inner = line.replace(/^\|/, "").replace(/\|\s*$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

const ENTITIES: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };

function inline(text: string): string {
  let bold = false;
  const out = text.replace(/\\[!-/:-@[-`{-~]|\*\*|&(?:lt|gt|amp);|[^\\*&]+|[\\*&]/g, (token) => {
    if (token === "**") {
      bold = !bold;
      return bold ? "<b>" : "</b>";
    }
    if (token.length === 2 && token.startsWith("\\")) return html(token.slice(1));
    return html(ENTITIES[token] ?? token);
  });
  return bold ? `${out}</b>` : out;
}
