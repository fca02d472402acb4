/** A conversation for pictures of the page, and for anything that wants some people in a room. */

import { ChatClient } from "../../src/sdk/chat-client.ts";
import type { ChatNode } from "../harness.ts";

const words: readonly (readonly [who: string, text: string])[] = [
  ["Maren Holt", "Morning! The venue wrote back: we can have the big room on the 14th, until ten."],
  ["Maren Holt", "They only ask that we say how many we are by Friday."],
  ["Priya Nair", "I count 46 so far, seven of them maybe. Shall I say 50?"],
  ["Tomás Rivera", "50 sounds right. Better some empty chairs than people on the floor again 😄"],
  ["Yuki Tanaka", "The posters are printed! I can bring them to the café tonight."],
  ["Yuki Tanaka", "Here is how they look: https://posters.example.org/autumn"],
  [
    "Ada Lindqvist",
    "I love the blue one. Could it be the picture on our page too?\nI would write the text tonight: where and when, who reads, what there is to eat.",
  ],
  ["Yuki Tanaka", "Of course, I will send you the file."],
  ["Maren Holt", "Then we have everything but the soup."],
  ["Tomás Rivera", "I never forget the soup."],
];

export const conversation_messages = words.length;

/** People who have talked in a room and are still there. Closed by its disposal. */
export async function startConversation(node: ChatNode, room: string): Promise<AsyncDisposable> {
  const clients = new Map<string, ChatClient>();
  for (const [who, text] of words) {
    let client = clients.get(who);
    if (client === undefined) {
      clients.set(who, (client = new ChatClient({ url: node.url, name: who })));
      client.connect();
      await client.room(room).enter({ event: () => {} });
    }
    await client.room(room).send({ text });
  }
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
