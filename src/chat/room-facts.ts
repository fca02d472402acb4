import type { RoomRow } from "../store/rooms.ts";

/** What policy needs of a room; a live room has it too. */
export interface RoomFacts {
  readonly n: number;
  readonly id: string;
  readonly kind: RoomRow["kind"];
  readonly closed: boolean;
  readonly post: RoomRow["post"];
}

/** Of a row what policy needs. */
export function factsOf({ n, id, kind, post, closed_at }: RoomRow): RoomFacts {
  return { n, id, kind, post, closed: closed_at !== null };
}
