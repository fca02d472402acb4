/** What the page says about its connection: a word always, a sentence where something is wrong. */

import type { ChatClient, ConnectionState } from "../sdk/chat-client.ts";
import { byId } from "./elements.ts";

/** A reconnect that is quicker than this is not worth a sentence. */
const sentence_ms = 1_500;
/** The code of a connection that the page itself has ended, to come back under another name. */
const own_wish = 0;
const words = { connecting: "Connecting", connected: "Connected", disconnected: "Not connected" } as const;

export class ConnectionNotice {
  readonly #state = byId("state", HTMLElement);
  readonly #word = byId("state-text", HTMLElement);
  readonly #notice = byId("notice", HTMLElement);
  readonly #sentence = byId("notice-text", HTMLElement);
  readonly #again = byId("notice-button", HTMLButtonElement);
  #timer = 0;
  #wasConnected = false;

  constructor(client: ChatClient) {
    this.#again.addEventListener("click", () => client.connect());
    client.states.add((state) => this.#show(state));
  }

  #show(state: ConnectionState): void {
    const { status } = state;
    this.#state.dataset["status"] = status;
    this.#word.textContent = status === "connecting" && this.#wasConnected ? "Reconnecting" : words[status];
    clearTimeout(this.#timer);
    if (status === "connected") {
      this.#wasConnected = true;
      this.#notice.hidden = true;
    } else if (status === "disconnected" && state.code === own_wish) this.#notice.hidden = true;
    else if (status === "disconnected") this.#say(`The server ended the connection: ${state.reason}.`, true);
    else {
      const what = this.#wasConnected ? "The connection is lost" : "The server does not answer yet";
      this.#timer = window.setTimeout(
        () => this.#say(`${what}. What you write is kept, and sent when it is back.`, false),
        sentence_ms,
      );
    }
  }

  #say(sentence: string, final: boolean): void {
    this.#sentence.textContent = sentence;
    this.#again.hidden = !final;
    this.#notice.hidden = false;
  }
}
