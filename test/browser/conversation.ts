/** People and what they said, for pictures of the page, and for anything that wants some people in a room. */

import { Browser as Account, ownerToken } from "../accounts.ts";
import type { RawClient } from "../client.ts";
import type { ChatNode } from "../harness.ts";
import { uuidv7 } from "../../src/sdk/uuid.ts";

const people = {
  maren: "Maren Holt",
  priya: "Priya Nair",
  tomas: "Tomás Rivera",
  yuki: "Yuki Tanaka",
  ada: "Ada Lindqvist",
  sam: "Sam Okafor",
} as const;
type Who = keyof typeof people;

const words: readonly (readonly [who: Who, text: string])[] = [
  ["maren", "Morning! The venue wrote back: we can have the big room on the 14th, until ten."],
  ["maren", "They only ask that we say how many we are by Friday."],
  ["priya", "I count 46 so far, seven of them maybe. Shall I say 50?"],
  ["tomas", "50 sounds right. Better some empty chairs than people on the floor again 😄"],
  ["yuki", "The posters are printed! I can bring them to the café tonight."],
  ["yuki", "Here is how they look: https://posters.example.org/autumn"],
  [
    "ada",
    "I love the blue one. Could it be the picture on our page too?\nI would write the text tonight: where and when, who reads, what there is to eat.",
  ],
  ["yuki", "Of course, I will send you the file."],
  ["maren", "Then we have everything but the soup."],
  ["tomas", "I never forget the soup."],
];

export const conversation_messages = words.length;

export interface Conversation extends AsyncDisposable {
  /** The id of the room in which they talk. */
  readonly room: string;
}

async function say(who: Account, room: string, data: string | { text: string; mentions: string[] }): Promise<void> {
  await who.ask("message.send", { room, id: uuidv7(), data: typeof data === "string" ? { text: data } : data });
}

/** People with accounts who have talked in some rooms and alone, and are still there. Sam is whom the pictures show. */
export async function startConversation(node: ChatNode): Promise<Conversation> {
  const invite = await ownerToken(node);
  const all = {} as Record<Who, Account>;
  const ids = {} as Record<Who, string>;
  for (const [username, name] of Object.entries(people) as [Who, string][]) {
    all[username] = new Account(node);
    await all[username].signUp(username, { name, ...(username === "maren" ? { invite } : {}) });
    ids[username] = (await all[username].ask<{ id: string }>("account.get")).id;
  }
  const { ada, maren, priya, sam, tomas, yuki } = all;
  const open: RawClient[] = [];
  for (const who of [maren, priya, tomas, yuki]) open.push(await who.connect({ data: { rooms: true } }));
  const make = async (name: string, more: object, members: readonly Account[]): Promise<string> => {
    const { id } = await maren.ask<{ id: string }>("room.create", { name, ...more });
    for (const who of members) await who.ask("room.join", { room: id });
    return id;
  };
  const room = await make("Autumn reading", { topic: "The 14th, from seven: who reads, who cooks" }, [
    priya,
    tomas,
    yuki,
    ada,
    sam,
  ]);
  const board = await make("Notices", { kind: "broadcast" }, [sam]);
  await say(maren, board, "The library is closed on Monday.");
  const soup = await make("Soup", { topic: "What is in it" }, [tomas, sam]);
  await say(tomas, soup, { text: "Leek or pumpkin? @Sam, you choose.", mentions: [ids.sam] });
  const { id: garden } = await priya.ask<{ id: string }>("room.create", { name: "Garden", kind: "private" });
  await priya.ask("member.invite", { room: garden, user: ids.sam });
  await make("Running on Sundays", { topic: "Slowly, by the river" }, [tomas, yuki, ada]);
  await make("Film nights", {}, [priya]);
  const direct = await yuki.ask<{ id: string }>("room.direct", { users: [ids.sam] });
  for (const text of ["Do you have the ladder?", "For the posters", "Tonight at six?"])
    await say(yuki, direct.id, text);
  await ada.ask("room.direct", { users: [ids.sam] }).then(({ id }) => say(ada, String(id), "Thank you for the cake!"));
  await maren.ask("member.role", { room, user: ids.priya, role: "moderator" });
  for (const [who, text] of words) await say(all[who], room, text);
  await tomas.ask("status.set", { status: "away" });
  await priya.ask("status.set", { status: "busy" });
  return {
    room,
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((client) => client.close()));
    },
  };
}
