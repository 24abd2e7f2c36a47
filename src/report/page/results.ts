import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { html, image } from "./html.ts";
import { markdownHtml } from "./markdown.ts";

/** Pictures beyond this many, or this large, are named and not shown. */
const MOST = 40;
const LARGEST = 2 << 20;

/** What a directory artifact brings to read: its `tables.md` and the pictures under `figures/`. Empty where it has neither. */
export async function resultsOf(directory: string): Promise<string> {
  const tables = await readFile(join(directory, "tables.md"), "utf8").catch(() => undefined);
  const names = (await readdir(join(directory, "figures")).catch((): string[] => [])).filter((name) => /\.(svg|png)$/.test(name)).sort((a, b) => (a < b ? -1 : 1));
  const main: string[] = [];
  const others: string[] = [];
  for (const name of names) (name.includes("_compat.") ? others : main).push(await figure(join(directory, "figures", name), name, main.length + others.length < MOST));
  return [
    main.length > 0 ? `<div class="figures">${main.join("\n")}</div>` : "",
    others.length > 0 ? `<details><summary>The same in compat mode (${others.length})</summary><div class="figures">${others.join("\n")}</div></details>` : "",
    tables === undefined ? "" : markdownHtml(tables.replace(/^# .*\n/, ""), 3),
  ].filter((part) => part !== "").join("\n");
}

async function figure(path: string, name: string, wanted: boolean): Promise<string> {
  const title = titleOf(name);
  const size = await stat(path).then((info) => info.size, () => LARGEST + 1);
  if (!wanted || size > LARGEST) return `<figure><figcaption>${html(name)}: ${Math.round(size / 1024)} KiB, not shown here</figcaption></figure>`;
  const bytes = await readFile(path);
  // Panels side by side need the page's width.
  const broad = Number(/^<svg [^>]*\bwidth="([0-9.]+)"/.exec(bytes.subarray(0, 400).toString("latin1"))?.[1] ?? 0) > 700;
  return `<figure${broad ? ' class="broad"' : ""}>${image(name.endsWith(".png") ? "image/png" : "image/svg+xml", bytes, title)}<figcaption>${html(title)}</figcaption></figure>`;
}

/** `figure3_retrieval_recall.svg` → `Figure 3: retrieval recall`. */
function titleOf(name: string): string {
  const stem = name.replace(/\.(svg|png)$/, "");
  const [, number, rest] = /^figure(\d+)_(.*)$/.exec(stem) ?? [];
  return number === undefined ? stem.replaceAll("_", " ") : `Figure ${number}: ${(rest ?? "").replaceAll("_", " ").replace(" f1", " F1")}`;
}
