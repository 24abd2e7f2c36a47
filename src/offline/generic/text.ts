import type { Random } from "../../stage/index.ts";

const OPENERS = ["Lately", "Most mornings", "On quiet evenings", "Now and then", "After a long week", "In the usual way", "Without much ado", "For some years", "By habit", "As a rule"];
const SUBJECTS = ["the neighbours", "two old friends", "all of the crew", "patient readers", "my cousins", "the people next door", "the altos of the choir", "both new colleagues", "careful planners", "the grandparents"];
const VERBS = ["talk about", "look forward to", "keep notes on", "care for", "come back to", "save up for", "laugh about", "plan around", "learn from", "wonder about"];
const OBJECTS = ["the garden behind the house", "a slow train along the coast", "recipes that need no oven", "the first frost", "a shelf of second-hand books", "weekend football", "an unfinished quilt", "the lake in August", "songs from school days", "a map of walking paths"];
const CLOSERS = ["and it shows", "which suits everybody", "though it takes time", "and nobody minds", "for good reason", "with a little help", "even when it rains", "as far as one can tell"];
const NAMES = ["Ada", "Bruno", "Chiara", "Dmitri", "Esther", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Keiko", "Luca", "Mira", "Noor", "Otto", "Priya", "Quentin", "Rosa", "Selim", "Thea"];
const SURNAMES = ["Abbott", "Baptiste", "Castellan", "Drummond", "Eriksen", "Fontaine", "Galloway", "Hashimoto", "Iversen", "Jimenez", "Kowalski", "Lindqvist", "Moreau", "Nakata", "Okafor", "Petrov"];
const PLACES = ["Aldbrook", "Bellmere", "Carrow", "Dunhaven", "Eastmarch", "Fairwater", "Glenrose", "Harrowgate Vale", "Ivybridge", "Kestrel Bay"];
const WORDS = ["amber", "birch", "copper", "drift", "ember", "fern", "granite", "harbour", "indigo", "juniper", "kelp", "linen", "maple", "nectar", "oak", "pebble", "quartz", "reed", "saffron", "thistle"];

/** One sentence. */
export function sentence(random: Random): string {
  return `${random.pick(OPENERS)}, ${random.pick(SUBJECTS)} ${random.pick(VERBS)} ${random.pick(OBJECTS)}, ${random.pick(CLOSERS)}.`;
}

/** Some sentences, none twice. */
export function paragraph(random: Random, sentences: number): string {
  const seen = new Set<string>();
  while (seen.size < sentences) seen.add(sentence(random));
  return [...seen].join(" ");
}

const two = (n: number): string => String(n).padStart(2, "0");

const FORMATS: Record<string, (random: Random) => string> = {
  "date": (r) => `20${two(r.int(10, 29))}-${two(r.int(1, 12))}-${two(r.int(1, 28))}`,
  "time": (r) => `${two(r.int(0, 23))}:${two(r.int(0, 59))}:${two(r.int(0, 59))}Z`,
  "date-time": (r) => `${FORMATS["date"]?.(r)}T${FORMATS["time"]?.(r)}`,
  "duration": (r) => `P${r.int(1, 28)}D`,
  "email": (r) => `${r.pick(NAMES).toLowerCase()}.${r.pick(SURNAMES).toLowerCase()}@example.org`,
  "hostname": (r) => `${r.pick(WORDS)}.example.org`,
  "ipv4": (r) => `192.0.2.${r.int(1, 254)}`,
  "ipv6": (r) => `2001:db8::${r.int(1, 9999).toString(16)}`,
  "uri": (r) => `https://example.org/${r.pick(WORDS)}/${r.int(1, 999)}`,
  "uuid": (r) => {
    const hex = Array.from({ length: 32 }, () => r.int(0, 15).toString(16)).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  },
  "regex": () => "^[a-z]+$",
  "json-pointer": (r) => `/${r.pick(WORDS)}`,
};
const ALIASES: Record<string, string> = { "idn-email": "email", "url": "uri", "iri": "uri", "uri-reference": "uri", "idn-hostname": "hostname" };

/** Text of a JSON Schema `format`, or undefined for one that is not known. */
export function formatted(format: string, random: Random): string | undefined {
  return FORMATS[ALIASES[format] ?? format]?.(random);
}

/** Text as the name of a property leads one to expect. */
export function named(property: string, random: Random): string {
  const name = property.toLowerCase();
  if (/(^|_)(first_?name|given)/.test(name)) return random.pick(NAMES);
  if (/surname|last_?name|family_?name/.test(name)) return random.pick(SURNAMES);
  if (/user_?name|handle|login/.test(name)) return `${random.pick(WORDS)}${random.int(10, 999)}`;
  if (/name|author|speaker|person|owner/.test(name)) return `${random.pick(NAMES)} ${random.pick(SURNAMES)}`;
  if (/e_?mail/.test(name)) return FORMATS["email"]?.(random) as string;
  if (/date|day$/.test(name)) return FORMATS["date"]?.(random) as string;
  if (/time/.test(name)) return `${two(random.int(6, 22))}:${two(random.int(0, 59))}`;
  if (/city|town|place|location|birthplace|country|address/.test(name)) return random.pick(PLACES);
  if (/(^|_)id$|code|key|slug/.test(name)) return `${random.pick(WORDS)}-${random.int(100, 9999)}`;
  if (/title|topic|subject|label|tag|category|color|colour|item|product|keyword/.test(name)) return `${random.pick(WORDS)} ${random.pick(WORDS)}`;
  if (/description|background|biography|story|summary|text|content|body|message|article/.test(name)) return paragraph(random, random.int(2, 3));
  return sentence(random);
}
