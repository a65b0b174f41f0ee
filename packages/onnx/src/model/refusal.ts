/** Why something cannot be done, in words: an answer, not an error. */
export interface Refusal {
  readonly reason: string;
}

export function refuse(reason: string): Refusal {
  return { reason };
}

export function isRefusal(answer: object): answer is Refusal {
  return "reason" in answer;
}
