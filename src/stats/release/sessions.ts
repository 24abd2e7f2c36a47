import { plainJson, type Ordered } from "../json.ts";
import { pythonJson } from "../python.ts";
import type { Answer } from "../types.ts";
import { DOCUMENT_TYPES, ReleaseError, type DocumentType } from "./layout.ts";
import { Node } from "./read.ts";

/** One session of a person. */
export interface ReleaseSession {
  id: string;
  type: DocumentType;
  /** `conversation---session---3` */
  session: string;
  time: string;
  /** The other party of a conversation. */
  target_name?: string;
  /** Turns or bought items, as in the file. */
  content: unknown[];
  /** What is indexed: see {@link chunkText}. */
  text: string;
}

/**
 * Sessions per person of the three parsed *_data_all.json files of one noise level, each person's in reference order: conversations target by target, then user-AI,
 * then purchases. A person missing from a file has no such documents. Throws ReleaseError on a wrong shape and on an id used twice.
 */
export function releaseSessions(files: Record<DocumentType, { value: Ordered; file: string }>): Map<string, ReleaseSession[]> {
  const people = new Map<string, ReleaseSession[]>();
  const seen = new Map<string, string>();
  for (const type of DOCUMENT_TYPES) {
    const { value, file } = files[type];
    const here = new Set<string>();
    for (const entry of new Node(value, file).list()) {
      const name = entry.get("Name").string();
      if (here.has(name)) throw new ReleaseError(`${entry.where}: ${JSON.stringify(name)} stands twice in this file`);
      here.add(name);
      const sessions = people.get(name) ?? [];
      people.set(name, sessions);
      for (const { node, target } of sessionNodes(entry.get("Data"), type)) {
        const id = node.get("segment_id").string();
        const before = seen.get(id);
        if (before !== undefined) throw new ReleaseError(`${node.where}: segment ${JSON.stringify(id)} is already at ${before}`);
        seen.set(id, node.where);
        sessions.push({
          id,
          type,
          session: node.get("session").string(),
          time: node.get("time").string(),
          ...(target === undefined ? {} : { target_name: target }),
          content: node.get(type).list().map((part) => plainJson(part.present())),
          text: chunkText(node.map()),
        });
      }
    }
  }
  return people;
}

function sessionNodes(data: Node, type: DocumentType): { node: Node; target?: string }[] {
  if (type !== "conversation") return data.list().map((node) => ({ node }));
  return data.list().flatMap((group) => {
    const target = group.get("Target_name").string();
    return group.get("Conversations").list().map((node) => ({ node, target }));
  });
}

/** A session as it is indexed and read: compact ASCII JSON in the original key order, without the keys segment_id and session at any depth. */
export function chunkText(session: Ordered): string {
  return pythonJson(without(session) as Answer, { compact: true });
}

function without(value: Ordered): Ordered {
  if (Array.isArray(value)) return value.map(without);
  if (!(value instanceof Map)) return value;
  return new Map([...value].filter(([key]) => key !== "segment_id" && key !== "session").map(([key, part]) => [key, without(part)]));
}
