/** Precision, recall and F1 of a predicted word set against the gold set; 0 wherever a denominator is 0 (PersonaBench, section 4.2). */
export function overlap(gold: ReadonlySet<string>, predicted: ReadonlySet<string>): { precision: number; recall: number; f1: number } {
  let common = 0;
  for (const word of predicted) if (gold.has(word)) common += 1;
  const precision = predicted.size > 0 ? common / predicted.size : 0;
  const recall = gold.size > 0 ? common / gold.size : 0;
  const f1 = precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
  return { precision, recall, f1 };
}
