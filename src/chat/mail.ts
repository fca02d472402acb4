/** Mail to people, through the operator's own server. The library is loaded with the first letter. */

import type { Clock } from "../lib/clock.ts";
import { deadline } from "../lib/clock.ts";

export interface MailOptions {
  readonly clock: Clock;
  /** `smtp://host:25`, `smtps://host:465`. */
  readonly url: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
}

export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** A server that does not answer is given up, and the letter with it. */
const send_ms_max = 30_000;
const connect_ms_max = 10_000;

export class Mail {
  readonly #options: MailOptions;

  constructor(options: MailOptions) {
    this.#options = options;
  }

  /** Resolves once the server has taken it. Throws with what the server said. */
  async send(letter: Letter): Promise<void> {
    const { clock, from, password, url, user } = this.#options;
    const { createTransport } = await import("nodemailer");
    const { hostname, port, protocol } = new URL(url);
    const secure = protocol === "smtps:";
    const transport = createTransport({
      host: hostname.replace(/^\[|\]$/g, ""),
      port: port === "" ? (secure ? 465 : 587) : Number(port),
      secure,
      ...(user === undefined ? {} : { auth: { user, pass: password ?? "" }, requireTLS: !secure }),
      connectionTimeout: connect_ms_max,
      greetingTimeout: connect_ms_max,
      socketTimeout: send_ms_max,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    try {
      const late = (): Error => new Error(`The mail server did not take a letter within ${send_ms_max / 1000} s.`);
      await deadline(clock, transport.sendMail({ from, ...letter }), { ms: send_ms_max, error: late });
    } finally {
      transport.close();
    }
  }
}
