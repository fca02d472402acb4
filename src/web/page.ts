/** The page of somebody who is here: builds its parts and ties them together. */

import { closes } from "../protocol/close.ts";
import { errors } from "../protocol/errors.ts";
import { ChatClient } from "../sdk/chat-client.ts";
import { MyRooms } from "../sdk/my-rooms.ts";
import { browserStore } from "../sdk/store.ts";
import { AccountSheet } from "./account-sheet.ts";
import type { GivenLink } from "./address.ts";
import { Attention } from "./attention.ts";
import { Blocks } from "./blocks.ts";
import { ConnectionNotice } from "./connection-notice.ts";
import { Conversations } from "./conversations.ts";
import type { Methods } from "./door.ts";
import { Drawers } from "./drawers.ts";
import { byId } from "./elements.ts";
import { icon } from "./icons.ts";
import { Me } from "./me.ts";
import { OpenRooms } from "./open-rooms.ts";
import type { PageParts } from "./page-parts.ts";
import { told } from "./person-acts.ts";
import { leaveNote, rememberedName, rememberWho, type Who } from "./remembered.ts";
import { Stage } from "./stage.ts";
import { StartSheet, type Beginning } from "./start-sheet.ts";
import { Statuses } from "./statuses.ts";

const lobby = "open:lobby";

export interface Opening {
  /** What the address led here with. */
  readonly link: GivenLink | undefined;
  readonly methods: Methods;
  /** Somebody has just come in by the form, and has used the link there if it is one to come in by. */
  readonly isNew: boolean;
}

export function openPage(who: Who, { isNew, link, methods }: Opening): void {
  const parts = partsOf(who);
  const { client, rooms } = parts;
  const attention = new Attention();
  const drawers = new Drawers();
  new ConnectionNotice(client);
  const open = (room: string): void => {
    // It may be so new that the list does not have it.
    rooms.refresh(room);
    stage.go(room);
  };
  const start = (begin: Beginning): StartSheet => new StartSheet({ client, begin, open });
  const stage: Stage = new Stage({
    ...parts,
    attention,
    start,
    lobby: methods.guests && who === "guest" ? lobby : undefined,
    opened: (channel) => {
      drawers.close();
      conversations.draw();
      if (channel !== undefined) openRooms?.opened(channel);
    },
  });
  const current = (): string | undefined => stage.channel;
  const openRooms = methods.guests ? new OpenRooms({ current, again: () => stage.again() }) : undefined;
  const conversations = new Conversations({ ...parts, current, accepted: open });
  rooms.changes.add(() => {
    const others = rooms.all.filter(({ id }) => id !== stage.channel);
    attention.elsewhere = others.reduce((sum, { unread }) => sum + unread, 0);
  });

  const news = byId("new", HTMLButtonElement);
  news.append(icon("plus"));
  news.addEventListener("click", () => start("person"));
  byId("me", HTMLButtonElement).addEventListener("click", () => void showAccount(parts));
  watchSignIn(parts, who);
  // Who has an account and opens an invitation wants to get where it leads.
  if (link?.kind === "join" || (link?.kind === "invite" && who === "account" && !isNew))
    acceptOnce(client, { token: link.token, open });
  client.connect();
  openRooms?.draw();
  stage.show();
}

function partsOf(who: Who): PageParts {
  const identity = who === "account" ? { cookie: true } : { name: rememberedName };
  const client = new ChatClient({ url: location.origin, store: browserStore(), ...identity });
  const blocks = new Blocks(client);
  const rooms = new MyRooms({ client, isBlocked: (user) => blocks.has(user) });
  const statuses = new Statuses(client);
  const me = new Me({ client, statuses, who });
  return { client, rooms, blocks, statuses, me };
}

async function showAccount({ client, me }: PageParts): Promise<void> {
  if (me.account === undefined) await me.load();
  const renamed = (): void => {
    me.show();
    // The name is told with a connect; the rooms go on where they were.
    client.disconnect();
    client.connect();
  };
  const signIn = (): void => startOver("Sign in with your account, or create one.");
  new AccountSheet({ client, me, renamed, signIn, left: () => startOver("") });
}

/** Begins anew where the sign-in has ended. */
function watchSignIn({ client, me }: PageParts, who: Who): void {
  me.changes.add(({ kind }) => {
    // The cookie has ended, and an open server has taken the page for a new guest.
    if (who === "account" && kind === "guest") startOver("Your sign-in has ended. Sign in again.");
    if (who === "guest" && kind !== "guest") rememberWho("account");
  });
  client.states.add(({ code, status }) => {
    if (status === "disconnected" && who === "account" && isEnded(code))
      startOver("You were signed out. Sign in again.");
  });
}

/** The sign-in is no good any more: an answer to a connect, or the close of a connection. */
function isEnded(code: number): boolean {
  return code === errors.unauthorized.wire || code === errors.permission_denied.wire || code === closes.revoked.code;
}

function startOver(note: string): void {
  rememberWho(undefined);
  leaveNote(note);
  location.reload();
}

/** Goes by a link into a room, once there is a connection. */
function acceptOnce(client: ChatClient, { open, token }: { token: string; open: (room: string) => void }): void {
  const accept = async (): Promise<void> => open((await client.call("invite.accept", { token })).id);
  const stop = client.states.add(({ status }) => {
    if (status !== "connected") return;
    stop();
    void told(accept());
  });
}
