const PIECE = /\p{L}+|\p{N}{1,3}|[^\s\p{L}\p{N}]|\s{2,}/gu;

/**
 * Number of tokens a byte-pair tokenizer would make of a text, as an estimate: a word of up to seven letters is one token, each further five
 * one more; three digits, a sign, or a run of white space is one. Letters outside Latin count two to a token.
 */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(PIECE)) {
    const code = piece.charCodeAt(0);
    if (piece.length <= 1) tokens++;
    else if (code > 0x24f) tokens += Math.ceil(piece.length / 2);
    else tokens += piece.length <= 7 ? 1 : 1 + Math.ceil((piece.length - 7) / 5);
  }
  return tokens;
}

/** Tokens of a list of messages: each costs four beside its text, the answer's start three. */
export function countMessageTokens(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + 4 + countTokens(text), 3);
}
