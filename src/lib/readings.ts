/** Readings of one thing, which may be answered in another order than they were asked for: of two the later one counts. */
export class Readings {
  #asked = 0;
  #taken = 0;

  /** Before it is asked for. What this gives tells, once it is answered, whether no later one was answered before. */
  begin(): () => boolean {
    const asked = ++this.#asked;
    return () => {
      if (asked < this.#taken) return false;
      this.#taken = asked;
      return true;
    };
  }
}
