/** How one comes in: by a sign-in, a new account, a link that somebody gave, or as a guest. */

import {
  code_chars_max,
  email_chars_max,
  password_chars_max,
  password_chars_min,
  username_chars_max,
  username_chars_min,
} from "../protocol/account-limits.ts";
import { user_name_chars_max } from "../protocol/limits.ts";
import type { GivenLink } from "./address.ts";
import { ask, type Methods } from "./door.ts";
import { button, make } from "./elements.ts";
import { act, form, problemLine, type FieldOptions } from "./forms.ts";
import { shownName } from "./names.ts";
import { rememberedName, rememberName, type Who } from "./remembered.ts";
import { Sheet } from "./sheet.ts";

const username_chars = { minLength: username_chars_min, maxLength: username_chars_max };
const password_chars = { minLength: password_chars_min, maxLength: password_chars_max };
const passwordHint = "At least ten characters. A few words are better than one with digits in it.";

const newPassword: FieldOptions = {
  label: "New password",
  name: "password",
  type: "password",
  autocomplete: "new-password",
  hint: passwordHint,
  ...password_chars,
};

export interface WelcomeOptions {
  readonly methods: Methods;
  readonly link: GivenLink | undefined;
  /** A sentence about what was before: that a sign-in has ended. */
  readonly note: string;
  readonly done: (who: Who) => void;
}

export class Welcome {
  #options: WelcomeOptions;
  readonly #sheet: Sheet;

  constructor(options: WelcomeOptions) {
    this.#options = options;
    const logo = make("img", "welcome-logo");
    logo.src = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "";
    logo.alt = "";
    this.#sheet = new Sheet({ title: "Confab", className: "welcome", final: true });
    this.#sheet.first(logo);
    const kind = options.link?.kind;
    if (kind === "owner" || kind === "invite") this.#signUp();
    else if (kind === "reset") this.#reset();
    else if (options.methods.guests && kind === undefined && options.note === "") this.#guest();
    else this.#signIn();
  }

  #enter(who: Who): void {
    this.#sheet.close();
    this.#options.done(who);
  }

  #signIn(): void {
    const { link, methods, note } = this.#options;
    const { guests, password_reset, sign_up, single_sign_on } = methods;
    this.#sheet.title = "Sign in";
    const words = link?.kind === "join" ? "You were invited into a room. Sign in, and you are in it." : note;
    const fields: FieldOptions[] = [
      { label: "User name or e-mail", name: "who", autocomplete: "username", maxLength: email_chars_max },
      { label: "Password", name: "password", type: "password", autocomplete: "current-password" },
    ];
    const ways: Node[] = [];
    if (sign_up === "open") ways.push(button("plain", "Create an account", () => this.#signUp()));
    if (password_reset) ways.push(button("plain", "Forgot your password?", () => this.#forgot()));
    if (guests) ways.push(button("plain", "Continue as a guest", () => this.#guest()));
    const newcomers =
      sign_up === "closed"
        ? "An administrator makes the accounts here."
        : "New here? Come by the link of an invitation.";
    this.#sheet.show(
      ...(words === "" ? [] : [make("p", "sheet-words", words)]),
      form({ fields, submit: "Sign in", run: (given) => this.#trySignIn(given) }),
      ...(single_sign_on === null ? [] : [this.#elsewhere(single_sign_on)]),
      make("div", "ways", ...ways),
      ...(sign_up === "open" || guests ? [] : [make("p", "form-note", newcomers)]),
    );
  }

  async #trySignIn({ password = "", who = "" }: Readonly<Record<string, string>>): Promise<void> {
    const name = who.trim();
    const answer = name.includes("@")
      ? await ask("sign-in/email", { email: name, password })
      : await ask("sign-in/username", { username: name, password });
    if (answer["twoFactorRedirect"] === true) this.#secondFactor("code");
    else this.#enter("account");
  }

  #secondFactor(by: "code" | "recovery"): void {
    const isCode = by === "code";
    this.#sheet.title = isCode ? "One more step" : "Recovery code";
    const field: FieldOptions = isCode
      ? { label: "Code from your authenticator app", name: "code", autocomplete: "one-time-code", digits: true }
      : { label: "One of your recovery codes", name: "code" };
    const way = isCode ? "two-factor/verify-totp" : "two-factor/verify-backup-code";
    const other = isCode ? "Use a recovery code" : "Use the app's code";
    this.#sheet.show(
      form({
        fields: [{ ...field, maxLength: code_chars_max }],
        submit: "Continue",
        run: async ({ code = "" }) => {
          await ask(way, { code: isCode ? code.replaceAll(/\s/g, "") : code.trim() });
          this.#enter("account");
        },
      }),
      make(
        "div",
        "ways",
        button("plain", other, () => this.#secondFactor(isCode ? "recovery" : "code")),
        this.#back(),
      ),
    );
  }

  #signUp(): void {
    const { link } = this.#options;
    const invite = link?.kind === "owner" || link?.kind === "invite" ? { invite: link.token } : {};
    const owner = link?.kind === "owner";
    this.#sheet.title = owner ? "Make this server yours" : "Create your account";
    const words = owner
      ? "This account owns the server: it invites people and appoints administrators."
      : "You were invited. Choose how people know you.";
    this.#sheet.show(
      ...(link === undefined ? [] : [make("p", "sheet-words", words)]),
      form({
        fields: [
          {
            label: "Your name",
            name: "name",
            autocomplete: "name",
            maxLength: user_name_chars_max,
            value: rememberedName() ?? "",
          },
          {
            label: "User name",
            name: "username",
            autocomplete: "username",
            hint: "What you sign in with, and others find you by.",
            ...username_chars,
          },
          { ...newPassword, label: "Password" },
          { label: "E-mail (optional)", name: "email", type: "email", autocomplete: "email", optional: true },
        ],
        submit: "Create account",
        run: async ({ email = "", name = "", password, username }) => {
          const more = email.trim() === "" ? {} : { email: email.trim() };
          await ask("sign-up", { username, password, name: shownName(name), ...more, ...invite });
          this.#enter("account");
        },
      }),
      make("div", "ways", this.#back("I have an account")),
    );
  }

  #guest(): void {
    this.#sheet.title = "What should people call you?";
    const name: FieldOptions = {
      label: "Your name",
      name: "name",
      autocomplete: "given-name",
      placeholder: "Your name",
      labelHidden: true,
      maxLength: user_name_chars_max,
      value: rememberedName() ?? "",
    };
    const { sign_up } = this.#options.methods;
    this.#sheet.show(
      form({
        fields: [name],
        submit: "Continue as a guest",
        run: async ({ name: given = "" }) => {
          rememberName(shownName(given));
          this.#enter("guest");
        },
      }),
      make(
        "div",
        "ways",
        button("plain", "Sign in", () => this.#signIn()),
        ...(sign_up === "open" ? [button("plain", "Create an account", () => this.#signUp())] : []),
      ),
    );
  }

  /** The provider sends the browser back here. */
  #elsewhere(name: string): HTMLElement {
    const problem = problemLine();
    const press = act({
      label: name,
      problem,
      run: async () => {
        const places = { callbackURL: "/#signed-in", errorCallbackURL: "/#sign-in-failed" };
        const { url } = await ask("sign-in/social", { provider: "oidc", ...places });
        location.assign(String(url));
      },
    });
    return make("div", "elsewhere", press, problem);
  }

  #forgot(): void {
    this.#sheet.title = "A new password";
    this.#sheet.show(
      form({
        fields: [{ label: "Your e-mail", name: "email", type: "email", autocomplete: "email" }],
        submit: "Send me a link",
        run: async ({ email = "" }) => {
          await ask("request-password-reset", { email: email.trim() });
          this.#sheet.show(
            make(
              "p",
              "sheet-words",
              "If there is an account with this address, a link is on its way. It is good for an hour.",
            ),
            make("div", "ways", this.#back()),
          );
        },
      }),
      make("div", "ways", this.#back()),
    );
  }

  #reset(): void {
    const { link } = this.#options;
    this.#sheet.title = "Choose a new password";
    this.#sheet.show(
      form({
        fields: [newPassword],
        submit: "Set password",
        run: async ({ password }) => {
          await ask("reset-password", { token: link?.token ?? "", newPassword: password });
          this.#options = { ...this.#options, link: undefined, note: "Your password is set. Sign in with it." };
          this.#signIn();
        },
      }),
      make("div", "ways", this.#back()),
    );
  }

  #back(label = "Back"): HTMLButtonElement {
    return button("plain", label, () => this.#signIn());
  }
}
