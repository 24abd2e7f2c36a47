import type { CallKey } from "../key.ts";

/** The answers kept, by key: Keyv over an embedded or a shared store. Every failure is thrown as a CallError of kind `store`. */
export interface CallStore {
  /** Where it lies, fit to print: a path, or a URL without its credentials. */
  readonly place: string;
  get(key: CallKey): Promise<string | undefined>;
  /** At least the first two lines of an entry: all that giving out an answer reads. The embedded store has them at once. */
  head(key: CallKey): string | undefined | Promise<string | undefined>;
  /** Throws where an answer could not be kept: asked before one is paid for. */
  ready(): void;
  /** Resolves when other processes see it and a killed process no longer loses it. */
  set(key: CallKey, text: string): Promise<void>;
  delete(key: CallKey): Promise<void>;
  /** All keys, sorted. */
  keys(): AsyncIterable<CallKey>;
  readonly claims: Claims;
  /** Waits for what is being written, then lets go. */
  close(): Promise<void>;
}

/** Who is buying an answer right now, so that two processes do not buy it twice. */
export interface Claims {
  /** True where the claim is ours now; false where somebody who still runs has it. A dead holder's claim passes over: at once on this machine, elsewhere when it has given no sign of life for half a minute. */
  take(key: CallKey): Promise<boolean>;
  /** Gives back a claim of ours. */
  drop(key: CallKey): Promise<void>;
}

/** A Keyv storage adapter of text that can list its keys. */
export interface TextStore {
  opts: { url: string; dialect: string };
  get(key: string): string | undefined | Promise<string | undefined>;
  /** At least the first two lines of a value, where that is cheaper than the whole. */
  head?(key: string): string | undefined;
  /** Throws a CallError where there is no room for an answer. */
  ready?(): void;
  set(key: string, value: string): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  clear(): Promise<void>;
  disconnect(): Promise<void>;
  on(event: string, listener: (...values: unknown[]) => void): this;
  /** Sorted. */
  keys(): AsyncIterable<string>;
}
