/** What a room is called: by its name, or by the people in it. */

import type { ListedRoom, Room } from "../protocol/room-operations.ts";
import type { PeopleNames } from "../sdk/people.ts";
import type { IconName } from "./icons.ts";

const list = new Intl.ListFormat(undefined, { style: "narrow", type: "unit" });

export function roomName(room: Room | ListedRoom, people: PeopleNames): string {
  if (room.kind !== "direct") return room.name;
  const others = "people" in room ? room.people : [];
  // Who has left for good is nobody here any more; the room stays.
  return others.length === 0 ? "Nobody else" : list.format(others.map(({ id, name }) => people.name(id) ?? name));
}

export function roomIcon(kind: Room["kind"]): IconName {
  const icons = { public: "hash", open: "hash", private: "lock", broadcast: "horn", direct: "people" } as const;
  return icons[kind];
}

/** "99+" for more than can be counted. */
export function countWords(count: number, max = 99): string {
  return count > max ? `${max}+` : String(count);
}
