import type { Skill } from "../skill.ts";

interface PersonaFacts {
  given: string;
  gender: "female" | "male" | "any";
  profession: string;
  working: boolean;
  life_context: string;
  traits: string[];
  chatting_quirk: string;
}

const DETAILS = [
  "can be recognised by a thermos with a dent", "keeps a list of every dog in the street", "has never learned to whistle and still tries", "writes birthday cards a month early",
  "owns eleven umbrellas and never one at hand", "bakes when there is bad news", "reads the last page first", "repairs what others throw out", "knows the timetable of the last bus by heart",
  "plays the radio for the plants", "collects misprinted menus", "sleeps badly at full moon and says so", "carries a pencil behind the ear", "has a feud with the parking meter",
  "names every appliance", "takes the stairs on principle", "keeps old keys in a jar", "hums while counting", "can fold a map in one go", "starts three books at a time",
  "saves string", "has a theory about pigeons", "always sits by the door", "grows tomatoes on a windowsill that is too narrow", "remembers telephone numbers from school",
  "never misses the shipping forecast", "argues with crosswords", "photographs staircases", "irons tea towels", "swears by cold porridge", "cuts coupons for shops long closed",
  "has a drawer for single gloves", "knows four card tricks, three of which work", "feeds a one-eyed cat that belongs to nobody", "wears odd socks out of conviction", "keeps the receipts of every cinema visit",
  "tells the same story about a goat", "laughs at own jokes first", "is the one people ask for plasters", "has lost the same ring four times", "practises speeches in the lift",
  "swims before breakfast, whatever the weather", "mends bicycles for the whole block", "leaves notes on the fridge in rhyme", "buys maps of places that no longer exist", "waters the neighbour's roses without being asked",
  "speaks to the kettle", "is saving for a piano", "keeps a diary of the weather", "cannot pass a flea market", "eats soup for breakfast", "sets all clocks seven minutes fast",
  "paints the same bridge every winter", "knows everybody at the recycling yard", "sings in the car, windows up", "has an opinion on every bench in the park", "peels oranges in one piece",
  "gives away half of every harvest", "keeps a suitcase packed just in case", "learned to juggle on night trains",
];

const DAYS = [
  "The day starts before the street lamps go out", "Mondays are for planning, Fridays for undoing the plan", "There is a calendar on the door that only one person can read", "Lunch is eaten standing up",
  "The evenings are short and mostly spoken for", "Most weeks end with sore feet and good stories", "The telephone rings at the worst moments", "Little is thrown away in that household", "The best ideas come on the way home",
  "Everything important is written on the back of an envelope", "Work follows into dreams", "Two alarm clocks are barely enough", "Visitors get soup and an opinion", "The weekend begins with a list", "A good deal happens at the kitchen table",
  "The plan for the year hangs over the sink", "Money is counted on Sundays", "There is always one chair too few", "Most conversations start on the stairs", "The bicycle is older than the marriage next door",
];

const STYLES = [
  "{Quirk}; {a} in tone and hard to stop", "{Quirk}, {a} even in a hurry", "Comes across as {a}; {quirk}", "Sounds {a}, and {quirk}", "{Quirk}. {A}, with a soft spot for strangers", "Mostly {a}; {quirk} when tired", "{A} and {b}; {quirk}",
  "{Quirk}, which suits someone {a}", "{A} to begin with, {b} by the third message; {quirk}", "Short and {a}; {quirk}", "{Quirk}; {b} when the talk turns serious", "Warm, {a}, never in a rush; {quirk}",
];

/** persona-draft: background, chatting style and traits from the building blocks. */
export const personaDraft: Skill = ({ facts, random }) => {
  const blocks = facts.find((fact) => typeof fact === "object" && fact !== null && "life_context" in fact) as unknown as PersonaFacts | undefined;
  if (blocks === undefined) return undefined;
  const { given } = blocks;
  const job = withArticle(blocks.profession);
  const context = blocks.life_context;
  const [detail = "", other = ""] = random.sample(DETAILS, 2);
  const day = random.pick(DAYS);
  const pronoun = blocks.gender === "female" ? "She" : blocks.gender === "male" ? "He" : given;
  const shapes = [
    blocks.working ? `${capital(blocks.profession)} by day, ${given} ${context}. ${pronoun} ${detail}.` : `${given} ${context}. ${pronoun} ${other} and ${detail}.`,
    `${given}, ${apposition(blocks.profession, job)}, ${context} and ${detail}.`,
    `${capital(apposition(blocks.profession, job))} who ${detail}, ${given} ${context}.`,
    `${day}: such is life for ${given}, ${apposition(blocks.profession, job)} who ${context}. ${pronoun} ${detail}.`,
    `These days ${given} ${context}. Known as the ${blocks.profession === "retired" ? "pensioner" : blocks.profession} who ${detail}, ${pronoun === given ? given : pronoun.toLowerCase()} ${other}.`,
    `${given} ${context}, ${blocks.working ? `works as ${job}` : `is ${blocks.profession === "retired" ? "retired" : job}`} and ${detail}.`,
    `${given} is the ${blocks.profession === "retired" ? "pensioner" : blocks.profession} who ${other}. ${pronoun} ${context}, and ${detail}.`,
    `Not many know that ${given}, ${apposition(blocks.profession, job)}, ${context}. ${day}.`,
  ];
  const fitting = shapes.filter((text) => text.length <= 300);
  const background = random.pick(fitting.length > 0 ? fitting : [`${given}, ${apposition(blocks.profession, job)}, ${context}.`]);
  const traits = random.sample(blocks.traits, Math.min(blocks.traits.length, random.int(3, 5)));
  const [a = "plain", b = "kind"] = traits;
  const quirk = blocks.chatting_quirk;
  const style = random.pick(STYLES).replaceAll("{Quirk}", capital(quirk)).replaceAll("{quirk}", quirk).replaceAll("{A}", capital(a)).replaceAll("{a}", a).replaceAll("{b}", b);
  return { background, chatting_style: style.length <= 120 ? style : capital(quirk).slice(0, 120), traits };
};

function apposition(profession: string, job: string): string {
  return profession === "retired" ? "long retired" : job;
}

function withArticle(words: string): string {
  return `${/^[aeio]|^u(?!ni)/i.test(words) ? "an" : "a"} ${words}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
