/** The page: finds out who is here, and opens for them. */

import { holdsLink, takeLink, takeReturn } from "./address.ts";
import { askMethods, type Methods } from "./door.ts";
import { openPage } from "./page.ts";
import { rememberedWho, rememberWho, takeNote, type Who } from "./remembered.ts";
import { Welcome } from "./welcome.ts";

const methods_retry_ms = 2_000;

/** What the server says before anybody has signed in; it is asked until it answers. */
async function methodsOf(): Promise<Methods> {
  for (;;) {
    try {
      return await askMethods();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, methods_retry_ms));
    }
  }
}

function begin(): void {
  const link = takeLink();
  const returned = takeReturn();
  if (returned === "signed-in") rememberWho("account");
  const failed = returned === "failed" ? "The sign-in did not work. Try again, or sign in another way." : "";
  const note = failed === "" ? takeNote() : failed;
  const known = failed === "" ? rememberedWho() : undefined;
  const wantsForm = link !== undefined && link.kind !== "join" && (known !== "account" || link.kind === "reset");
  if (known !== undefined && !wantsForm)
    return void methodsOf().then((methods) => openPage(known, { link, methods, isNew: false }));
  void methodsOf().then((methods) => {
    const done = (who: Who): void => {
      rememberWho(who);
      openPage(who, { link, methods, isNew: true });
    };
    return new Welcome({ methods, link, note, done });
  });
}

// A link that is put into the address of a page that is open loads nothing by itself.
addEventListener("hashchange", () => {
  if (holdsLink()) location.reload();
});
begin();
