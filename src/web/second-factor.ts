/** The second factor: switching it on with an authenticator app, keeping the recovery codes, switching it off. */

import { button, make } from "./elements.ts";
import { form, type FieldOptions } from "./forms.ts";
import { squares } from "./icons.ts";
import { copy } from "./message-acts.ts";
import { told } from "./person-acts.ts";
import { qrCode } from "./qr-code.ts";
import { tell } from "./questions.ts";

export interface SecondFactorOptions {
  readonly on: boolean;
  /** Asks the door for what makes a new sign-in of this one. */
  readonly renew: (way: string, body: object) => Promise<Record<string, unknown>>;
  readonly part: (title: string, ...nodes: Node[]) => void;
  readonly changed: () => Promise<void>;
}

const password: FieldOptions = {
  label: "Your password",
  name: "password",
  type: "password",
  autocomplete: "current-password",
};

export function showSecondFactor(options: SecondFactorOptions): void {
  const { changed, on, part, renew } = options;
  const words = on
    ? "Signing in asks for a code from your authenticator app beside the password."
    : "With a second factor, signing in asks for a code from an app on your phone beside the password.";
  const run = async (given: Readonly<Record<string, string>>): Promise<void> => {
    const answer = await renew(on ? "two-factor/disable" : "two-factor/enable", { password: given["password"] });
    if (!on) return showCode(options, answer);
    tell("The second factor is off.");
    await changed();
  };
  const submit = on ? "Switch it off" : "Switch it on";
  part("Second factor", make("p", "sheet-words", words), form({ fields: [password], submit, danger: on, run }));
}

function showCode(options: SecondFactorOptions, answer: Readonly<Record<string, unknown>>): void {
  const uri = String(answer["totpURI"]);
  const codes = Array.isArray(answer["backupCodes"]) ? answer["backupCodes"].map(String) : [];
  const secret = new URL(uri).searchParams.get("secret") ?? "";
  const code = qrCode(uri) ?? [];
  const picture = make(
    "div",
    "qr",
    squares(code.length, (x, y) => code[y]?.[x] === true),
  );
  picture.hidden = code.length === 0;
  picture.role = "img";
  picture.ariaLabel = "The key as a picture, for the app's camera";
  const open = make("a", "", "Open in an app on this device");
  open.href = uri;
  options.part(
    "Scan this with your app",
    picture,
    make("p", "sheet-words", "Or give the app this key: ", make("code", "", secret.replaceAll(/(.{4})(?=.)/g, "$1 "))),
    make("p", "sheet-words", open),
    form({
      fields: [
        { label: "The code that it shows", name: "code", autocomplete: "one-time-code", digits: true, maxLength: 10 },
      ],
      submit: "Continue",
      run: async ({ code: given = "" }) => {
        await options.renew("two-factor/verify-totp", { code: given.replaceAll(/\s/g, "") });
        showRecovery(options, codes);
      },
    }),
  );
}

function showRecovery({ changed, part }: SecondFactorOptions, codes: readonly string[]): void {
  const list = make("ul", "codes", ...codes.map((code) => make("li", "", make("code", "", code))));
  part(
    "Keep these codes",
    make(
      "p",
      "sheet-words",
      "The second factor is on. If you lose your phone, each of these lets you in once. They are not shown again.",
    ),
    list,
    make(
      "div",
      "form",
      button("secondary", "Copy the codes", () => void told(copy(codes.join("\n")), "Copied.")),
      button("primary", "I have kept them", () => void changed()),
    ),
  );
}
