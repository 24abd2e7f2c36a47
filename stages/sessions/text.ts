import type { Json } from "daguerre";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUTES_A_DAY = 1440;

/** Compact JSON in ASCII: keys as they stand, everything else as lower-case \uXXXX, the way the release writes its chunks. */
export function asciiJson(value: Json): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The words of a text in lower case, as a string with one space before and after each: made for `includes`. */
export function wordLine(text: string): string {
  const words = text.normalize("NFKC").toLowerCase().replace(/['’]/g, "").match(/[\p{L}\p{N}]+/gu);
  return words === null ? " " : ` ${words.join(" ")} `;
}

/** A moment as minutes since the first day of the window, written `2024/Oct/14/09:14 AM`. */
export function timeText(start: string, minute: number): string {
  const day = dayOf(start, minute);
  const inDay = minute % MINUTES_A_DAY;
  const hour = Math.floor(inDay / 60);
  const clock = `${two(hour % 12 === 0 ? 12 : hour % 12)}:${two(inDay % 60)} ${hour < 12 ? "AM" : "PM"}`;
  return `${day.getUTCFullYear()}/${MONTHS[day.getUTCMonth()] ?? ""}/${two(day.getUTCDate())}/${clock}`;
}

/** The same moment's date as `2024-10-14`. */
export function dateText(start: string, minute: number): string {
  return dayOf(start, minute).toISOString().slice(0, 10);
}

/** The same moment's day of the week. */
export function weekday(start: string, minute: number): string {
  return ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"][dayOf(start, minute).getUTCDay()] ?? "";
}

/** Parses `2024/Oct/14/09:14 AM` into something that sorts by time, or undefined. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4})\/([A-Z][a-z]{2})\/(\d{1,2})\/(\d{1,2}):(\d{2}) ?(AM|PM)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, half] = match;
  const index = MONTHS.indexOf(month ?? "");
  if (index < 0) return undefined;
  return Date.UTC(Number(year), index, Number(day), (Number(hour) % 12) + (half === "PM" ? 12 : 0), Number(minute));
}

function dayOf(start: string, minute: number): Date {
  // A date from data: no clock is read.
  return new Date(Date.parse(`${start}T00:00:00Z`) + Math.floor(minute / MINUTES_A_DAY) * MINUTES_A_DAY * 60_000);
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
