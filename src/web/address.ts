/** What the address says behind its `#`: a room, or a link that somebody was given. Browsers do not send that part. */

import { isOpenName, isRoomId } from "../protocol/topics.ts";

/** Links that lead somewhere once: `#owner=…` makes the server's owner, `#invite=…` an account, `#reset=…` a password, `#join=…` leads into a room. */
export type LinkKind = "owner" | "invite" | "reset" | "join";
const linkKinds: readonly LinkKind[] = ["owner", "invite", "reset", "join"];

export interface GivenLink {
  readonly kind: LinkKind;
  readonly token: string;
}

function said(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

/** Whether somebody has put a link into the address of the page that is open. */
export function holdsLink(): boolean {
  return linkKinds.some((one) => said().get(one) !== null);
}

/** The link of the address. It is taken out of there, so that neither the history nor a shared screen keeps it. */
export function takeLink(): GivenLink | undefined {
  const given = said();
  const kind = linkKinds.find((one) => given.get(one) !== null);
  if (kind === undefined) return undefined;
  const token = given.get(kind) ?? "";
  clear();
  return { kind, token };
}

/** Whether the single sign-on has just sent the browser back, and how it went. */
export function takeReturn(): "signed-in" | "failed" | undefined {
  const failed = new URLSearchParams(location.search).get("sign_in") === "failed";
  const back = failed || location.hash.startsWith("#sign-in-failed") ? "failed" : undefined;
  const returned = back ?? (location.hash === "#signed-in" ? "signed-in" : undefined);
  if (returned !== undefined) clear();
  return returned;
}

function clear(): void {
  history.replaceState(null, "", "/");
}

/** The channel that the address names: an open room by its name, any other by its id. */
export function channelOfAddress(): string | undefined {
  const given = said();
  const id = given.get("channel");
  if (id !== null && isRoomId(id)) return id;
  const name = given.get("room")?.normalize("NFC");
  return name !== undefined && isOpenName(`open:${name}`) ? `open:${name}` : undefined;
}

export function addressOf(channel: string): string {
  const named = isOpenName(channel) ? { room: openNameOf(channel) } : { channel };
  return `#${new URLSearchParams(named).toString()}`;
}

export function openNameOf(channel: string): string {
  return channel.slice("open:".length);
}

/** The link that leads into a room, to be given to others. */
export function linkOf(kind: LinkKind, token: string): string {
  return `${location.origin}/#${kind}=${token}`;
}
