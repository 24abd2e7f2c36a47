import type { Json, Random } from "../../../stage/index.ts";
import type { Skill } from "../../skill.ts";
import { countOf, factsObject, isObject, objectsOf, permitted, textOf } from "./facts.ts";

type Facts = { [key: string]: Json };

const OPENERS: readonly string[] = ["Hi.", "Hello!", "Quick question.", "Good to have you.", "One moment, this is important.", "I need a hand with something.", "Hello again."];
const SWITCHES: readonly string[] = ["Thanks. Something else:", "Right. Another thing.", "Good. And then this:", "Perfect. New subject.", "All right, next one.", "That helps. One more:"];
const ASIDES: readonly string[] = [
  "That sounds like quite something. What can I do for you?", "I see! How can I help?", "Thank you for telling me. What would you like to know?", "That is a good story. What shall we look at?", "Understood. Where shall we begin?", "I will bear it in mind. What do you need?",
];
const LISTENS: readonly string[] = ["That does sound familiar from what people write.", "I can imagine.", "Fair enough!", "That made me smile, as far as I can.", "Good to know.", "Ha, I see.", "That is a picture I will keep, in a manner of speaking.", "Well, there are worse things."];
const THANKS: readonly string[] = ["Great, thanks.", "That is all I wanted to know, thank you.", "Thanks, that will do.", "Perfect. Bye for now.", "Very clear, thank you.", "Good. I will try that."];
const GOODBYES: readonly string[] = ["You're welcome! Come back whenever you like.", "Glad it helped.", "Any time.", "My pleasure. Good luck with it!", "Happy to help. Have a good day."];
const PREFIXES: readonly string[] = ["Good question.", "Let me see.", "Ah, a classic.", "People ask that a good deal."];

/** Writes a session with an assistant: everyday requests with their answers, and the one fact dropped on the way. */
export const writeUserAi: Skill = (request) => {
  const facts = factsObject(request);
  if (facts === undefined) return undefined;
  const { random, prompt } = request;
  const remark = (lines: readonly string[]): string => random.pick(permitted(lines, prompt));
  const length = countOf(facts, "utterances", 10);
  const turns: string[] = [];
  const exchange = (user: string, assistant: string): void => { turns.push(user, assistant); };

  const queue = exchanges(objectsOf(facts, "requests"), random, remark, length);
  const disclose = isObject(facts["disclose"]) ? (facts["disclose"] as Facts) : undefined;
  // Before the first request, or somewhere on the way.
  const place = disclose === undefined ? -1 : random.pick([0, 0, 1, 2, 3]);
  queue.forEach(([user, assistant], index) => {
    if (disclose !== undefined && index === place) tell(disclose, user, assistant, index === 0, random, remark, exchange);
    else exchange(index === 0 && random.chance(0.6) ? `${remark(OPENERS)} ${user}` : user, assistant);
  });
  if (disclose !== undefined && place >= queue.length) exchange(textOf(disclose, "hint"), remark(LISTENS));
  if (turns.length < length) exchange(remark(THANKS), remark(GOODBYES));
  return { user_ai_interaction: turns.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content })) };
};

/** Question and answer pairs for about `length` utterances, the end left free. */
function exchanges(requests: Facts[], random: Random, remark: (lines: readonly string[]) => string, length: number): [string, string][] {
  const queue: [string, string][] = [];
  requests.forEach((request, index) => {
    const left = Math.floor(length / 2) - 1 - queue.length;
    if (left <= 0) return;
    const ask = textOf(request, "request");
    queue.push([index === 0 ? ask : `${remark(SWITCHES)} ${ask}`, random.chance(0.35) ? `${remark(PREFIXES)} ${textOf(request, "answer")}` : textOf(request, "answer")]);
    const followups = (Array.isArray(request["followups"]) ? request["followups"] : []).filter(Array.isArray);
    const share = index === 0 && requests.length > 1 ? Math.ceil(left / 2) : left;
    for (const [user, assistant] of followups.slice(0, Math.max(0, share - 1))) queue.push([String(user), String(assistant)]);
  });
  return queue;
}

function tell(disclose: Facts, user: string, assistant: string, first: boolean, random: Random, remark: (lines: readonly string[]) => string, exchange: (user: string, assistant: string) => void): void {
  const hint = textOf(disclose, "hint"), then = textOf(disclose, "and_then");
  const told = then !== "" && random.chance(0.6) ? `${hint} ${then}` : hint;
  if (!first || random.chance(0.5)) {
    exchange(told, remark(first ? ASIDES : LISTENS));
    exchange(user, assistant);
  } else exchange(`${told} ${random.pick(["Anyway:", "But that is not why I am writing.", "Which brings me here.", "So much for that."])} ${user}`, assistant);
}
