/** A link by which others come: into a room, or onto the server. */

import type { ChatClient } from "../sdk/chat-client.ts";
import { linkOf } from "./address.ts";
import { button, make } from "./elements.ts";
import { form } from "./forms.ts";
import { copy } from "./message-acts.ts";
import { told } from "./person-acts.ts";
import { Sheet } from "./sheet.ts";

const week_ms = 7 * 24 * 60 * 60_000;

export interface InviteSheetOptions {
  readonly client: ChatClient;
  /** Undefined for the server itself. */
  readonly room: { readonly id: string; readonly name: string } | undefined;
}

export class InviteSheet {
  readonly #options: InviteSheetOptions;
  readonly #sheet: Sheet;

  constructor(options: InviteSheetOptions) {
    this.#options = options;
    const { room } = options;
    this.#sheet = new Sheet({ title: room === undefined ? "Invite to this server" : `Invite to ${room.name}` });
    const words =
      room === undefined
        ? "Whoever has the link makes an account, within a week."
        : "Whoever has the link and is signed in here comes into the room, within a week.";
    const make_ = form({ fields: [], submit: "Create a link", run: () => this.#create() });
    this.#sheet.show(make("p", "sheet-words", words), make_);
    make_.querySelector("button")?.focus();
  }

  async #create(): Promise<void> {
    const { client, room } = this.#options;
    const asked = { expires_at: Date.now() + week_ms, ...(room === undefined ? {} : { room: room.id }) };
    const { token } = await client.call("invite.create", asked);
    const link = make("input", "");
    link.readOnly = true;
    link.value = linkOf(room === undefined ? "invite" : "join", token);
    link.ariaLabel = "The link";
    const press = button("primary", "Copy link", () => {
      link.select();
      void told(copy(link.value), "Copied.");
    });
    this.#sheet.show(
      make("p", "sheet-words", "It is shown this once: copy it, and give it only to whom you want here."),
      make("div", "form", make("div", "form-field", link), press),
    );
    link.select();
  }
}
