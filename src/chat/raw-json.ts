/** An operation's output that is JSON text already: the events of a page go out as the bytes that were stored. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
