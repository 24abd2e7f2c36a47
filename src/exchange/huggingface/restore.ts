import { parsed, type Fields } from "../lines.ts";

const DOCUMENT_TYPES = ["conversation", "user_ai_interaction", "purchase_history"];

/** A row of our own documents or questions as the record it was written from: JSON columns are values again. Other rows stay as they are. */
export function restored(row: Fields): Fields {
  const { type, content } = row;
  if (typeof type === "string" && DOCUMENT_TYPES.includes(type) && typeof content === "string" && "text" in row) {
    const { content: _, truth, target_name, ...rest } = row;
    return { ...rest, [type]: parsed(content) ?? [], ...(typeof target_name === "string" ? { target_name } : {}), ...(typeof truth === "string" ? { truth: parsed(truth) ?? null } : {}) };
  }
  if (typeof row["evidence"] === "string" && typeof row["answer"] === "string" && "answer_text" in row) {
    const { answer_text: _, outdated_value, attribute, ...rest } = row;
    return {
      ...rest,
      answer: parsed(String(row["answer"])) ?? null,
      evidence: parsed(String(row["evidence"])) ?? [],
      outdated_value: typeof outdated_value === "string" ? (parsed(outdated_value) ?? null) : null,
      ...(attribute === null || attribute === undefined ? {} : { attribute }),
    };
  }
  return row;
}
