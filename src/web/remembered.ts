/** What this browser remembers for the page: the name and the rooms visited. Without storage, as long as the page is open. */

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
const roomsKey = "confab/rooms";
const rooms_max = 50;

export function rememberedName(): string | undefined {
  return read(nameKey);
}

export function rememberName(name: string): void {
  write(nameKey, name);
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
