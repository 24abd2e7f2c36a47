import { setTimeout as delay } from "node:timers/promises";
import type { Outcome, Usage } from "../stage/index.ts";
import type { ModelSpec } from "../pipeline/index.ts";
import type { Budget } from "./budget.ts";
import type { Clock } from "./clock.ts";
import { decodeAnswer, encodeEntry } from "./entry.ts";
import type { Answer, Checked } from "./entry.ts";
import { keyOf, keyText } from "./key.ts";
import type { CallKey, KeyedCall, WireBody } from "./key.ts";
import { costOf } from "./ledger.ts";
import { callErrorOf } from "./failure.ts";
import { modelOf, usageOf } from "./outcome.ts";
import type { CallStore } from "./store/types.ts";
import type { StatusBoard } from "./status.ts";
import { CallError } from "./types.ts";
import type { Caller } from "./types.ts";

/** What a response says. */
export interface Judged {
  outcome: Outcome;
  problems?: string[];
}

/** One answer that is wanted. */
export interface Asked {
  keyed: KeyedCall;
  role: string;
  spec: ModelSpec;
  caller: Caller;
  /** Asks the provider, with all retries. */
  send(key: CallKey): Promise<WireBody>;
  /** Reads the response; whatever it throws, and however long it takes, the answer is kept. */
  judge(response: WireBody): Promise<Judged>;
  /** Tokens at most, for the budget; undefined where the answer has no bound. */
  worst(): Usage | undefined;
  /** Told of an answer that was bought but came too late for who asked: after an interrupt. */
  late(obtained: Obtained): void;
  /** Free and deterministic: buying it twice harms nobody. */
  local: boolean;
}

export interface Obtained {
  answer: Checked;
  cached: boolean;
}

export type FrozenReason = (asked: Asked, key: CallKey, damage: string | undefined) => Promise<CallError>;

export interface PurchaseOptions {
  store: CallStore;
  budget: Budget;
  clock: Clock;
  signal: AbortSignal;
  /** Explains a missing call where none may leave. */
  frozen: FrozenReason | undefined;
  onWarning(line: string): void;
  status: StatusBoard;
}

/** How often another's claim is looked at: soon at first, then less often, since a store may be far. */
const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 1_000;

/** A check that takes longer is awaited with the answer already stored: no kill takes away what was paid for. */
const CHECKED_SOON_MS = 20;

/**
 * Finds each answer or buys it once:
 *
 *   wanted ─► in flight here? ─► stored? ─► frozen? ─► claimed elsewhere? ─► budget ─► sent ─► stored ─► given out
 *             share it           take it    stop        wait for its answer
 */
export class Purchases {
  private readonly wanted = new Map<CallKey, Promise<Obtained>>();
  private readonly buying = new Set<Promise<Obtained>>();
  private readonly waiting = new Set<(error: CallError) => void>();

  private readonly elsewhere: ReturnType<StatusBoard["shared"]>;

  constructor(private readonly options: PurchaseOptions) {
    this.elsewhere = options.status.shared();
    options.signal.addEventListener("abort", () => {
      for (const reject of this.waiting) reject(aborted());
    }, { once: true });
  }

  /** A stored answer of the embedded store comes at once. */
  obtain(asked: Asked): Obtained | Promise<Obtained> {
    const text = keyText(asked.keyed);
    const key = keyOf(text);
    const wanted = this.wanted.get(key);
    if (wanted !== undefined) return wanted.then(({ answer }) => ({ answer, cached: true }));
    const stored = this.options.store.head(key);
    if (typeof stored === "string") {
      const answer = this.read(key, stored);
      if (typeof answer !== "string" && isChecked(answer)) return { answer, cached: true };
    }
    const found = this.find(asked, key, text, stored).finally(() => this.wanted.delete(key));
    this.wanted.set(key, found);
    return found;
  }

  /** Waits for answers on the wire, until the time is up. */
  async settled(until: Promise<unknown>): Promise<void> {
    await Promise.race([Promise.allSettled(this.buying), until]);
  }

  private async find(asked: Asked, key: CallKey, text: string, head: string | undefined | Promise<string | undefined>): Promise<Obtained> {
    const stored = await head;
    const damage = stored === undefined ? undefined : this.read(key, stored);
    if (damage !== undefined && typeof damage !== "string") return { answer: await this.checked(asked, damage, text), cached: true };
    if (this.options.frozen !== undefined) throw await this.options.frozen(asked, key, damage);
    if (damage !== undefined) this.options.onWarning(`the stored answer ${key} cannot be used: ${damage}; it is asked for again`);
    if (this.options.signal.aborted) throw aborted();
    const buying = this.buy(asked, key, text);
    this.buying.add(buying);
    return new Promise<Obtained>((resolve, reject) => {
      let left = false;
      const leave = (error: CallError): void => {
        left = true;
        reject(error);
      };
      this.waiting.add(leave);
      buying.then((obtained) => (left ? asked.late(obtained) : resolve(obtained)), reject).finally(() => {
        this.waiting.delete(leave);
        this.buying.delete(buying);
      });
    });
  }

  /** The answer with its outcome, stored; one whose check takes long is stored before it is over. */
  private async checked(asked: Asked, answer: Answer, text: string): Promise<Checked> {
    if (isChecked(answer)) return answer;
    const keep = (kept: Answer): Promise<void> => this.options.store.set(answer.key, encodeEntry({ answer: kept, request: text }));
    const judging = judged(asked, answer.response);
    if (this.options.frozen === undefined && !(await Promise.race([judging.then(() => true), delay(CHECKED_SOON_MS, false, { ref: false })]))) await keep(answer);
    const checked: Checked = { ...answer, ...(await judging) };
    if (this.options.frozen === undefined) await keep(checked); // frozen also means a place that takes no writing
    return checked;
  }

  /** The answer, or what is wrong with the entry. */
  private read(key: CallKey, stored: string): Answer | string {
    const decoded = decodeAnswer(key, stored);
    return decoded.ok ? decoded.answer : decoded.damage;
  }

  private async buy(asked: Asked, key: CallKey, text: string): Promise<Obtained> {
    const { store, budget, clock, signal } = this.options;
    store.ready();
    if (!asked.local) {
      const elsewhere = await this.claim(key);
      if (elsewhere !== undefined) return { answer: await this.checked(asked, elsewhere, text), cached: true };
    }
    try {
      const reservation = await budget.reserve(this.worst(asked));
      let paid: number | undefined;
      try {
        if (signal.aborted) throw aborted();
        const sent = clock.now();
        const response = await asked.send(key);
        const { stage, item } = asked.caller;
        const bought: Answer = {
          key, outcome: "unchecked", model: modelOf(response, asked.spec.model), usage: usageOf(response), response,
          asker: { stage, role: asked.role, ...(item === undefined ? {} : { item }) },
          times: { sent, answered: clock.now() },
        };
        paid = this.costOf(bought.usage, asked);
        return { answer: await this.checked(asked, bought, text), cached: false };
      } finally {
        reservation.settle(paid);
      }
    } catch (error) {
      throw callErrorOf(error, asked);
    } finally {
      if (!asked.local) await store.claims.drop(key).catch(() => {});
    }
  }

  /** Takes the claim, or returns the answer another process has bought meanwhile. */
  private async claim(key: CallKey): Promise<Answer | undefined> {
    const { store, clock, signal } = this.options;
    for (let wait = FIRST_POLL_MS, told: (() => void) | undefined; ; wait = Math.min(LONGEST_POLL_MS, wait * 1.5)) {
      const mine = await store.claims.take(key);
      const stored = await store.get(key);
      const answer = stored === undefined ? undefined : this.read(key, stored);
      if (answer !== undefined && typeof answer !== "string") {
        if (mine) await store.claims.drop(key);
        told?.();
        return answer;
      }
      if (mine) {
        told?.();
        return undefined;
      }
      if (wait === LONGEST_POLL_MS) told ??= this.elsewhere("waiting for answers that another process is buying");
      await clock.sleep(wait, signal);
      if (signal.aborted) throw aborted();
    }
  }

  /** What an answer has cost; where the server does not say, the most it can, so that a cap holds. */
  private costOf(usage: Usage, asked: Asked): number {
    const { role, spec, keyed } = asked;
    const cost = costOf(usage, spec, keyed.kind === "image" ? 1 : 0) ?? 0;
    if (asked.local || cost > 0 || usage.input + usage.output > 0 || !((spec.price?.input ?? 0) + (spec.price?.output ?? 0) > 0)) return cost;
    const { budget, onWarning } = this.options;
    onWarning(`models.${role} (${spec.model}): the server does not say how many tokens its answers took, so what they cost is not known${budget.countsCost ? "; --max-cost reckons with the most they can" : ""}`);
    return this.worst(asked);
  }

  private worst(asked: Asked): number {
    if (!this.options.budget.countsCost) return 0;
    const { role, spec, keyed } = asked;
    const worst = asked.worst();
    const cost = costOf(worst ?? { input: 0, cached_input: 0, output: 0 }, spec, keyed.kind === "image" ? 1 : 0);
    if (cost === undefined) throw new CallError("budget", `models.${role} (${spec.model}) has no price, so --max-cost cannot hold; give it one in the pipeline file: price: { input: …, output: … } in USD per million tokens`);
    if (worst === undefined && (spec.price?.output ?? 0) > 0) {
      throw new CallError("budget", `models.${role} (${spec.model}): nothing bounds the length of an answer, so --max-cost cannot hold; say what the model gives at most, models.${role}.limits: { output: 16384 }, which changes no key, or set max_completion_tokens in its request`);
    }
    return cost;
  }
}

const isChecked = (answer: Answer): answer is Checked => answer.outcome !== "unchecked";

/** A paid answer is kept also where reading it fails: as invalid, with the reason. */
async function judged(asked: Asked, response: WireBody): Promise<Judged> {
  try {
    return await asked.judge(response);
  } catch (error) {
    return { outcome: "invalid", problems: [error instanceof Error ? error.message : String(error)] };
  }
}

function aborted(): CallError {
  return new CallError("aborted", "interrupted; every answer that arrived is kept");
}
