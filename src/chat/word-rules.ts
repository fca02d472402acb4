/** Finds many words and phrases in a text at once, at a cost that does not depend on how many they are. */

import { wordsOf } from "../lib/fold-text.ts";

interface Step {
  readonly next: Map<string, Step>;
  /** What ends here. */
  readonly ends: number[];
}

function newStep(): Step {
  return { next: new Map(), ends: [] };
}

/** Whether a folded text has a word in it, and nothing at its edges that is none: such a rule would find too much. */
export function isPhrase(folded: string): boolean {
  const words = wordsOf(folded);
  const [first = "", last = ""] = [words[0], words.at(-1)];
  return words.length > 0 && folded.startsWith(first) && folded.endsWith(last);
}

export class WordRules {
  readonly #root = newStep();

  /** Phrases as folded texts, each with the number that `find` tells. */
  constructor(phrases: Iterable<readonly [folded: string, n: number]>) {
    for (const [folded, n] of phrases) this.#add(wordsOf(folded), n);
  }

  #add(words: readonly string[], n: number): void {
    let step = this.#root;
    for (const word of words) {
      const next = step.next.get(word) ?? newStep();
      step.next.set(word, next);
      step = next;
    }
    step.ends.push(n);
  }

  /** The numbers of what is found in a folded text. */
  find(folded: string, found: Set<number>): void {
    const words = wordsOf(folded);
    for (let at = 0; at < words.length; at++) {
      let step = this.#root.next.get(words[at] as string);
      for (let ahead = at + 1; step !== undefined; ahead++) {
        for (const n of step.ends) found.add(n);
        const word = words[ahead];
        step = word === undefined ? undefined : step.next.get(word);
      }
    }
  }
}
