/**
 * What a person may read of a room: the room, and the seq from which on. Every function of `store` that reads a room's
 * log takes one, and only `chat/policy` makes them (a test sees to it).
 */
export interface View {
  readonly room: number;
  /** The first seq that may be read. */
  readonly from: number;
}
