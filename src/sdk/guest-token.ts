/** A guest's identity: the token that the server hands out at the first connect, kept for all that follow. */

import type { Centrifuge } from "centrifuge";
import { errors } from "../protocol/errors.ts";
import type { ClientStore } from "./store.ts";

const key = "guest";

export class GuestToken {
  readonly #centrifuge: Centrifuge;
  readonly #store: ClientStore;
  readonly #failed: (error: unknown) => void;
  #token = "";

  constructor(options: { centrifuge: Centrifuge; store: ClientStore; failed: (error: unknown) => void }) {
    this.#centrifuge = options.centrifuge;
    this.#store = options.store;
    this.#failed = options.failed;
  }

  async load(): Promise<void> {
    if (this.#token !== "") return;
    try {
      this.#use((await this.#store.get(key)) ?? "");
    } catch (error) {
      this.#failed(error);
    }
  }

  keep(token: string): void {
    if (token === this.#token) return;
    this.#use(token);
    this.#store.set(key, token).catch(this.#failed);
  }

  /** Whether a connect failed because the server does not know the token (its data was replaced): then it is forgotten. */
  refused(code: number): boolean {
    if (code !== errors.unauthorized.wire || this.#token === "") return false;
    this.#use("");
    this.#store.delete(key).catch(this.#failed);
    return true;
  }

  #use(token: string): void {
    this.#token = token;
    this.#centrifuge.setToken(token);
  }
}
