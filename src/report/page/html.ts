/** Text as content or attribute of HTML: markup is escaped, other control characters are shown as U+FFFD. Everything a page says goes through here. */
export function html(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu, "\ufffd").replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0) ?? 63};`);
}

/** A picture as a data URI: an SVG in an image runs no script and loads nothing, whoever wrote it. */
export function image(type: "image/svg+xml" | "image/png", bytes: Uint8Array, alternative: string): string {
  return `<img alt="${html(alternative)}" src="data:${type};base64,${Buffer.from(bytes).toString("base64")}">`;
}
