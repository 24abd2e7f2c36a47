import { basename, join } from "node:path";
import { ReleaseError } from "../../stats/index.ts";
import { filesBelow, parsed, readLines } from "../lines.ts";
import { readText } from "../personabench/files.ts";
import { bankPersona, beyondCard, componentsOf, faultOf, likeness, type BankPersona, type Component } from "./records.ts";

export interface Bank {
  personas: BankPersona[];
  components: Component[];
  /** Personas that were there before; the first is kept. */
  duplicates: number;
  /** Places of lines that are no persona, with the reason. One bad line does not drop its file. */
  faults: string[];
  /** Personas outside of what the Bank's card promises. */
  beyond: number;
}

/**
 * Reads a Synthetic Persona Bank: one JSONL file, or a directory with raw/data_<model>_<digits>.jsonl, processed .jsonl files and persona_components.json.
 * Files are taken in the order of their paths, processed ones before raw ones; the model is in the record or in the file's name. Throws ReleaseError.
 */
export async function readBank(path: string): Promise<Bank> {
  const { base, names } = await filesBelow(path, /\.jsonl$|components\.json$/);
  const bank: Bank = { personas: [], components: [], duplicates: 0, faults: [], beyond: 0 };
  const seen = new Set<string>();
  const ids = new Set<string>();
  const raw = (name: string): number => Number(/(^|\/)raw\//.test(name));
  for (const name of names.sort((a, b) => raw(a) - raw(b) || (a < b ? -1 : 1))) {
    if (name.endsWith(".json")) {
      const components = componentsOf(parsed(await readText(join(base, name))));
      if (components === undefined) bank.faults.push(`${name}: no lists of { value, weight }`);
      bank.components.push(...(components ?? []));
      continue;
    }
    const { lines, bad } = await readLines(join(base, name), name);
    bank.faults.push(...bad.map((where) => `${where}: no JSON object`));
    for (const { where, value } of lines) {
      const fault = faultOf(value);
      if (fault !== undefined) {
        bank.faults.push(`${where}: ${fault}`);
        continue;
      }
      const persona = bankPersona(value, modelOf(name));
      if (seen.has(likeness(persona)) || ids.has(persona.id)) bank.duplicates += 1;
      else bank.personas.push(persona);
      seen.add(likeness(persona));
      ids.add(persona.id);
    }
  }
  bank.beyond = bank.personas.filter(beyondCard).length;
  if (bank.personas.length === 0 && bank.components.length === 0) {
    throw new ReleaseError(`no persona in ${path}${bank.faults.length > 0 ? `: ${bank.faults[0] ?? ""}` : "; a bank has .jsonl files of personas, or persona_components.json"}`);
  }
  return bank;
}

/** `data_qwen-235b_17.jsonl` → `qwen-235b`: the Bank's rule. */
function modelOf(name: string): string {
  return basename(name).replace(/\.jsonl$/, "").replace(/^data_/, "").replace(/_\d+$/, "");
}
