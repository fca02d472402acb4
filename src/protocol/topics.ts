/** Names on the wire: channels as clients say them, topics as sockets subscribe to them. */

/** A room's channel is its id: 20 characters made by the server. */
const roomId = /^[a-z0-9]{20}$/;
/** An open room is named by its people: `open:lobby`. Letters, marks and digits of any script, and `. _ -` inside. */
const openName = /^open:[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,63}$/u;

export function isRoomId(channel: string): boolean {
  return roomId.test(channel);
}

export function isOpenName(channel: string): boolean {
  return openName.test(channel) && channel === channel.normalize("NFC");
}

/** A person's own line: no log, no offsets. */
export function userChannel(userId: string): string {
  return `user:${userId}`;
}

/** The topic of a channel. It carries the encoding, so that another encoding can live beside it. */
export function jsonTopic(channel: string): string {
  return `j/${channel}`;
}

/**
 * The same for those who asked for no joins and leaves. A socket is on one of the two: each topic that one is on costs the
 * runtime as much as a subscription costs us.
 */
export function jsonQuietTopic(channel: string): string {
  return `jq/${channel}`;
}
