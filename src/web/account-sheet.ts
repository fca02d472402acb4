/** One's own account: name, status, password, second factor, sign-ins, and the way out. */

import { password_chars_max, password_chars_min } from "../protocol/account-limits.ts";
import { user_name_chars_max } from "../protocol/limits.ts";
import type { Status } from "../protocol/passing.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { ask } from "./door.ts";
import { button, make } from "./elements.ts";
import { act, form, problemLine } from "./forms.ts";
import { InviteSheet } from "./invite-sheet.ts";
import type { Me } from "./me.ts";
import { shownName } from "./names.ts";
import { askFirst, tell } from "./questions.ts";
import { forgetGuest, rememberName } from "./remembered.ts";
import { showSecondFactor } from "./second-factor.ts";
import { Sheet } from "./sheet.ts";
import { signInList } from "./sign-in-list.ts";

const statusWords: readonly (readonly [Status, string])[] = [
  ["", "Online"],
  ["away", "Away"],
  ["busy", "Do not disturb"],
  ["invisible", "Invisible"],
];

export interface AccountSheetOptions {
  readonly client: ChatClient;
  readonly me: Me;
  /** The guest goes by another name from now on. */
  readonly renamed: () => void;
  /** The guest has an account, or wants one. */
  readonly signIn: () => void;
  /** The sign-in is over: begin anew. */
  readonly left: () => void;
}

export class AccountSheet {
  readonly #options: AccountSheetOptions;
  readonly #sheet = new Sheet({ title: "You", className: "account" });

  constructor(options: AccountSheetOptions) {
    this.#options = options;
    this.#show();
  }

  #show(): void {
    const { me } = this.#options;
    this.#sheet.title = "You";
    if (me.who === "guest") this.#sheet.show(this.#name(), this.#status(), this.#signOut());
    else this.#sheet.show(this.#name(), this.#status(), this.#ways(), this.#signOut());
  }

  /** A part of the sheet in place of the whole, with a way back. */
  #part(title: string, ...nodes: Node[]): void {
    this.#sheet.title = title;
    this.#sheet.show(
      ...nodes,
      make(
        "div",
        "ways",
        button("plain", "Back", () => this.#show()),
      ),
    );
  }

  #name(): HTMLElement {
    const { client, me, renamed } = this.#options;
    return form({
      fields: [
        {
          label: "Your name",
          name: "name",
          maxLength: user_name_chars_max,
          value: me.account?.name ?? client.me?.name ?? "",
        },
      ],
      submit: "Save",
      inline: true,
      run: async ({ name: given = "" }) => {
        const name = shownName(given);
        if (me.who === "guest") {
          rememberName(name);
          this.#sheet.close();
          return renamed();
        }
        client.people.learn([await client.call("account.update", { name })]);
        await me.load();
        tell("Your name is changed.");
      },
    });
  }

  #status(): HTMLElement {
    const { client, me } = this.#options;
    const problem = problemLine();
    const choice = make("select", "");
    for (const [status, words] of statusWords) choice.append(new Option(words, status));
    const load = async (): Promise<void> => {
      const { people } = await client.call("status.get", { ids: [me.id ?? ""] });
      const status = people[0]?.status ?? "online";
      choice.value = status === "online" || status === "offline" ? "" : status;
    };
    load().catch((error: unknown) => client.failures.tell(error));
    choice.addEventListener("change", () => {
      client.call("status.set", { status: choice.value as Status }).catch(() => {
        problem.textContent = "Your status could not be changed. Try again in a moment.";
      });
    });
    const label = make("label", "", "Shown to others as");
    choice.id = "account-status";
    label.htmlFor = choice.id;
    return make("div", "form-field", label, choice, problem);
  }

  #ways(): HTMLElement {
    const { client, me } = this.#options;
    const { account } = me;
    const renew = (way: string, body: object) => renewing(client, () => ask(way, body));
    const hasPassword = account?.sign_ins.includes("credential") === true;
    const rows = make("div", "rows");
    const add = (label: string, run: () => void): void => rows.append(button("", label, run));
    if (hasPassword) add("Change password", () => this.#password());
    if (hasPassword)
      add(account.second_factor ? "Second factor: on" : "Second factor: off", () =>
        showSecondFactor({
          on: account.second_factor,
          renew,
          part: (title, ...nodes) => this.#part(title, ...nodes),
          changed: () => this.#again(),
        }),
      );
    add("Where you are signed in", () => this.#part("Where you are signed in", signInList(client)));
    if (me.administers) add("Invite people to this server", () => new InviteSheet({ client, room: undefined }));
    return rows;
  }

  async #again(): Promise<void> {
    await this.#options.me.load();
    this.#show();
  }

  #password(): void {
    this.#part(
      "Change password",
      form({
        fields: [
          { label: "Password now", name: "currentPassword", type: "password", autocomplete: "current-password" },
          {
            label: "New password",
            name: "newPassword",
            type: "password",
            autocomplete: "new-password",
            minLength: password_chars_min,
            maxLength: password_chars_max,
            hint: "At least ten characters. Your other sign-ins end.",
          },
        ],
        submit: "Change password",
        run: async ({ currentPassword, newPassword }) => {
          await renewing(this.#options.client, () => ask("change-password", { currentPassword, newPassword }));
          this.#show();
          tell("Your password is changed. All other sign-ins have ended.");
        },
      }),
    );
  }

  #signOut(): HTMLElement {
    const { client, left, me } = this.#options;
    if (me.who === "account") {
      const problem = problemLine();
      const press = act({
        label: "Sign out",
        problem,
        run: async () => {
          // Otherwise the end of the sign-in would reach the page as if somebody else had ended it.
          client.disconnect();
          await ask("sign-out").catch((error: unknown) => {
            client.connect();
            throw error;
          });
          left();
        },
      });
      return make("div", "form", press, problem);
    }
    const signIn = button("secondary", "Sign in with an account", this.#options.signIn);
    const press = button("secondary", "Leave", () =>
      askFirst({
        title: "Leave as this guest?",
        words: "Nobody, not you either, can come back as this guest. What you wrote stays.",
        submit: "Leave",
        danger: true,
        run: async () => {
          await client.call("session.end", {});
          forgetGuest();
          left();
        },
      }),
    );
    return make("div", "form", signIn, press);
  }
}

/** What makes a new sign-in of this one ends the old one, and with it the connection: it comes back with the new one. */
async function renewing<T>(client: ChatClient, doing: () => Promise<T>): Promise<T> {
  client.disconnect();
  try {
    return await doing();
  } finally {
    client.connect();
  }
}
