/** Limits of the wire. They are part of the protocol: clients may rely on them. Units come last. */

const KiB = 1024;
const MiB = 1024 * KiB;

/** One command; a `connect` may use the whole frame, for it carries the positions of many rooms. */
export const command_bytes_max = 64 * KiB;
export const frame_bytes_max = MiB;
/** Commands in one frame; past it the frame is refused as a whole. */
export const commands_per_frame_max = 1_000;
export const nesting_max = 32;

/** Frames that the server makes of pushes, and the one byte budget of a connect reply. */
export const push_frame_bytes_max = 64 * KiB;
export const connect_reply_bytes_max = 128 * KiB;
/** A page that would pass this is shorter than asked for; its reader goes on from its last event. */
export const page_bytes_max = 256 * KiB;
export const page_events_max = 1_000;

/** Unread bytes of one socket before it is closed as a slow consumer. */
export const backpressure_bytes_max = MiB;

export const text_bytes_max = 16 * KiB;
export const room_name_chars_max = 100;
export const room_topic_chars_max = 500;
/** People of a direct room, its maker included. */
export const direct_people_max = 10;
/** In a room of more members joins and leaves are a count, not events. */
export const listed_members_max = 500;
/** Unread messages are counted up to this many; one more is shown as "99+". */
export const unread_max = 100;
export const slow_mode_s_max = 3_600;
export const status_text_chars_max = 100;
export const reason_chars_max = 500;
export const user_name_chars_max = 60;
/** People, or rooms, that one question names. */
export const ids_per_call_max = 100;

/** A position further behind than this is answered `recovered: false`; pages by `message.list` go on for ever. */
export const recovery_events_max = 10_000;
/** Rooms that `{rooms: true}` subscribes to; the most recently active first. */
export const server_subscriptions_max = 500;
export const client_subscriptions_max = 1_000;

export const ping_s = 9;
/** A socket that has not signed in by then is closed. */
export const sign_in_ms = 10_000;
/** What an expired connection has left to refresh its token. */
export const refresh_grace_ms = 25_000;

/** Commands of one connection that wait for an answer. */
export const commands_pending_max = 128;
/** Text of the commands that wait while their connection signs in. */
export const waiting_chars_max = 256 * KiB;
/**
 * Sockets that have not signed in and may take their time (`sign_in_ms`): each can hold one unfinished frame in memory,
 * so that together they hold 32 MiB. Of more, those that were silent for longer than the grace are closed; until then they
 * hold more, for the runtime does not tell how much of a frame has come.
 */
export const strangers_max = 32;
export const stranger_grace_ms = 4_000;
/** Commands that are wrong inside, before the socket is closed: this many within this time. */
export const errors_per_window_max = 20;
export const errors_window_ms = 10_000;
/** Commands refused for their rate, before the socket is closed: who sends on so fast has not read an answer. */
export const refusals_per_window_max = 500;
export const refusals_window_ms = 10_000;
/** Lines a second of one connection, pings and pongs too, whatever the rate of messages: past it the socket is closed. */
export const lines_per_second_min = 5_000;
export const lines_per_message_max = 10;
