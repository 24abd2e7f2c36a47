import type { Json } from "../../../stage/index.ts";
import type { Skill, SkillRequest } from "../../skill.ts";
import { countOf, factsObject, isObject, objectsOf, permitted, textOf, textsOf } from "./facts.ts";

type Facts = { [key: string]: Json };

interface Good {
  title: string;
  description: string;
  categories: [string, string, string];
}

/** Things for a kind of value. `{v}` is the value, `{V}` the value as titles are written, `{key}` its slot. The first that fits the kind counts. */
const GOODS: readonly { kind: RegExp; goods: readonly Good[] }[] = [
  { kind: /pet/i, goods: [
    { title: "Engraved Name Tag \"{V}\"", description: "Stainless steel tag for your {key}, engraved with the name {v} and a telephone number.", categories: ["Pet Supplies", "Collars & Tags", "Name Tags"] },
    { title: "Ceramic Bowl with Name, \"{V}\"", description: "Heavy bowl for a {key}, hand-lettered: {v}.", categories: ["Pet Supplies", "Feeding", "Bowls"] },
    { title: "Cushion Embroidered \"{V}\"", description: "Washable cushion in the size of a {key}, with the name {v} on the rim.", categories: ["Pet Supplies", "Beds", "Cushions"] },
  ] },
  { kind: /vehicle|around/i, goods: [
    { title: "Fitted Cover for {V}", description: "Breathable cover cut for the {v}, with bag and straps.", categories: ["Automotive", "Exterior", "Covers"] },
    { title: "Service Handbook {V}", description: "Repair and maintenance step by step for all years of the {v}.", categories: ["Books", "Transport", "Repair"] },
    { title: "Touch-Up Pen for {V}", description: "Original shade for small scratches on the {v}.", categories: ["Automotive", "Care", "Paint"] },
  ] },
  { kind: /instrument/i, goods: [
    { title: "Stand for {V}, Foldable", description: "Padded stand that keeps a {v} safe between two pieces.", categories: ["Music", "Accessories", "Stands"] },
    { title: "Care Kit for {V}", description: "Cloth, oil and brush in a tin, chosen for the {v}.", categories: ["Music", "Accessories", "Care"] },
    { title: "First Pieces for {V}", description: "Thirty easy pieces for the {v} with fingering.", categories: ["Books", "Sheet Music", "Methods"] },
  ] },
  { kind: /band|musician|music/i, goods: [
    { title: "{V}: The Early Recordings (2 LP)", description: "Remastered on heavy vinyl, with an essay about {v}.", categories: ["Music", "Vinyl", "Box Sets"] },
    { title: "{V} Tour Poster, Framed", description: "Screen print of the tour of {v}, numbered.", categories: ["Home", "Decoration", "Posters"] },
  ] },
  { kind: /book|author/i, goods: [
    { title: "{V} (Cloth-Bound Edition)", description: "Thread-sewn edition with ribbon: {v}.", categories: ["Books", "Literature", "Special Editions"] },
    { title: "Reader's Companion: {V}", description: "Maps, notes and background to {v}.", categories: ["Books", "Literature", "Companions"] },
    { title: "Bookplates \"{V}\", 50 Pieces", description: "Self-adhesive plates with a motif after {v}.", categories: ["Office", "Stationery", "Bookplates"] },
  ] },
  { kind: /film|movie|series|podcast/i, goods: [
    { title: "{V} (Collector's Disc)", description: "New transfer of {v} with two hours of extras.", categories: ["Film & TV", "Discs", "Collector's Editions"] },
    { title: "Art Print \"{V}\"", description: "Giclée print of the poster for {v}.", categories: ["Home", "Decoration", "Posters"] },
  ] },
  { kind: /drink|dish|sweet/i, goods: [
    { title: "{V}, Sampler of Six", description: "Six small portions of {v} from independent makers.", categories: ["Grocery", "Specialities", "Samplers"] },
    { title: "The Little Book of {V}", description: "Forty recipes and the history of {v}.", categories: ["Books", "Food & Drink", "Single Subjects"] },
  ] },
  { kind: /colou?r/i, goods: [
    { title: "Wool Throw in {V}", description: "Woven throw, fringed, shade: {v}.", categories: ["Home", "Textiles", "Throws"] },
    { title: "Enamel Mug, {V}", description: "Speckled mug glazed in {v}.", categories: ["Kitchen", "Drinkware", "Mugs"] },
    { title: "Wall Paint {V}, 2.5 L", description: "Matt emulsion in {v}, two coats.", categories: ["Home Improvement", "Paint", "Walls"] },
  ] },
  { kind: /animal|creature/i, goods: [
    { title: "Wall Calendar 2025: {V}", description: "Twelve large photographs of the {v}.", categories: ["Office", "Calendars", "Nature"] },
    { title: "Enamel Pin \"{V}\"", description: "Hard enamel pin with a {v}, two clasps.", categories: ["Clothing", "Accessories", "Pins"] },
  ] },
  { kind: /sport/i, goods: [
    { title: "Kit Bag for {V}", description: "Ventilated bag with wet compartment, sized for {v}.", categories: ["Sports", "Bags", "Kit Bags"] },
    { title: "{V}: Technique and Training", description: "Drills and plans for {v}, with diagrams.", categories: ["Books", "Sports", "Training"] },
  ] },
  { kind: /brand|clothes/i, goods: [
    { title: "{V} Field Jacket", description: "Waxed jacket by {v} with storm flap.", categories: ["Clothing", "Jackets", "Outdoor"] },
    { title: "{V} Gift Voucher", description: "Voucher for all goods of {v}, valid three years.", categories: ["Gift Cards", "Clothing", "Brands"] },
  ] },
  { kind: /travel|destination/i, goods: [
    { title: "Walking Map: {V}", description: "Waterproof map of {v}, scale 1:50,000.", categories: ["Books", "Travel", "Maps"] },
    { title: "Phrase Book and Guide to {V}", description: "Everything for a week or a month in {v}.", categories: ["Books", "Travel", "Guides"] },
  ] },
  { kind: /collect/i, goods: [
    { title: "Display Case for {V}", description: "Glass case with shelves, made for {v}.", categories: ["Home", "Display", "Cases"] },
    { title: "Price Guide {V} 2025", description: "Valuations and makers' marks for {v}.", categories: ["Books", "Collecting", "Guides"] },
  ] },
  { kind: /game/i, goods: [
    { title: "{V}: Tournament Set", description: "Full set for {v} in a wooden box.", categories: ["Toys & Games", "Games", "Sets"] },
    { title: "Scoring Pads for {V}, 5 Pack", description: "Tear-off pads printed for {v}.", categories: ["Toys & Games", "Games", "Accessories"] },
  ] },
  { kind: /./, goods: [
    { title: "{V}: A Practical Handbook", description: "From the first steps to fine points of {v}, with exercises.", categories: ["Books", "Practical", "Handbooks"] },
    { title: "Starter Kit for {V}", description: "All one needs for {v}, in a sturdy case.", categories: ["Crafts & Leisure", "Kits", "Starter Kits"] },
    { title: "Apron \"{V}\"", description: "Cotton apron with pockets, printed: {v}.", categories: ["Clothing", "Workwear", "Aprons"] },
  ] },
];
const BRANDS: readonly string[] = ["Alder & Finch", "Kestrel Supply", "Northlight", "Ploughman Press", "Greywater Goods", "Tollgate", "Marram", "Oakhanger", "Second Nature", "Fathom & Sons"];

/** Writes an order: for a fact one or two things that only somebody of whom it is true would buy, among the everyday ones. */
export const writePurchase: Skill = (request) => {
  const facts = factsObject(request);
  if (facts === undefined) return undefined;
  const { random } = request;
  const everyday = objectsOf(facts, "everyday").map((item) => ({
    title: textOf(item, "title"), description: textOf(item, "description"), brand: textOf(item, "brand"), categories: textsOf(item, "categories"),
  }));
  const count = countOf(facts, "items", 3);
  const themed = isObject(facts["disclose"]) ? themedItems(facts["disclose"] as Facts, Math.max(1, count - everyday.length), request) : [];
  const items = random.shuffle([...themed, ...everyday]);
  return items.length < 2 ? undefined : { purchase_history: items };
};

function themedItems(disclose: Facts, count: number, { random, prompt }: SkillRequest): { title: string; description: string; brand: string; categories: string[] }[] {
  const value = textOf(disclose, "value"), kind = textOf(disclose, "kind"), key = textOf(disclose, "key");
  const fitting = GOODS.find((entry) => entry.kind.test(kind))?.goods ?? [];
  const texts = permitted(fitting.map((good) => JSON.stringify(good)), prompt);
  const goods = fitting.filter((good) => texts.includes(JSON.stringify(good)));
  const fill = (text: string): string => text.replaceAll("{v}", value).replaceAll("{V}", titleCase(value)).replaceAll("{key}", key);
  return random.sample(goods, count).map(({ title, description, categories }) => ({ title: fill(title), description: fill(description), brand: random.pick(BRANDS), categories: [...categories] }));
}

/** Small words stay small, except at the start. */
function titleCase(text: string): string {
  return text.replace(/\p{L}[\p{L}'’]*/gu, (word, at: number) => (at > 0 && /^(a|an|and|at|by|for|from|in|of|on|or|over|the|to|with)$/.test(word) ? word : word.charAt(0).toUpperCase() + word.slice(1)));
}
