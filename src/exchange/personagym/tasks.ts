/** The five tasks of PersonaGym, named and ordered as in its code and files. */
export const TASKS = ["Expected Action", "Toxicity", "Linguistic Habits", "Persona Consistency", "Action Justification"] as const;
export const QUESTIONS_A_TASK = 10;

/** One question for one persona, as a record. */
export interface GymQuestion {
  id: string;
  persona: string;
  task: string;
  /** From 1. */
  number: number;
  question: string;
}
