/** What this browser remembers for the page: who one is, and the open rooms visited. Without storage, as long as the page is open. */

const memory = new Map<string, string>();

function read(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return memory.get(key);
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    memory.set(key, value);
  }
}

const nameKey = "confab/name";
const whoKey = "confab/who";
const noteKey = "confab/note";
const roomsKey = "confab/rooms";
const rooms_max = 50;

export function rememberedName(): string | undefined {
  return read(nameKey);
}

export function rememberName(name: string): void {
  write(nameKey, name);
}

/** By an account's cookie, or as a guest: what this browser was last signed in as. */
export type Who = "account" | "guest";

export function rememberedWho(): Who | undefined {
  const who = read(whoKey);
  if (who === "account" || who === "guest") return who;
  // Guests of an earlier version have a name and nothing else.
  return who === undefined && rememberedName() !== undefined ? "guest" : undefined;
}

export function rememberWho(who: Who | undefined): void {
  write(whoKey, who ?? "nobody");
}

/** The guest of this browser is nobody any more. */
export function forgetGuest(): void {
  write("confab/guest", "");
}

/** A sentence for the page's next start. */
export function leaveNote(sentence: string): void {
  write(noteKey, sentence);
}

export function takeNote(): string {
  const note = read(noteKey) ?? "";
  if (note !== "") write(noteKey, "");
  return note;
}

/** The rooms visited, the latest first. */
export function visitedRooms(): string[] {
  try {
    const rooms: unknown = JSON.parse(read(roomsKey) ?? "[]");
    return Array.isArray(rooms) ? rooms.filter((room) => typeof room === "string") : [];
  } catch {
    return [];
  }
}

export function rememberRoom(room: string): void {
  const known = visitedRooms();
  if (known.includes(room)) return;
  write(roomsKey, JSON.stringify([room, ...known].slice(0, rooms_max)));
}

export function forgetRoom(room: string): void {
  write(roomsKey, JSON.stringify(visitedRooms().filter((known) => known !== room)));
}
