/** The operations on messages. */

import { timeText } from "../protocol/events.ts";
import { memberText } from "../protocol/json.ts";
import type { messageShapes } from "../protocol/message-operations.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Outcome } from "../store/draft.ts";
import type { Marks } from "./marks.ts";
import type { Messages } from "./messages.ts";
import type { Operations } from "./operation.ts";
import { RawJson } from "./raw-json.ts";
import type { RoomDirectory } from "./room-directory.ts";

/** What a send is answered, once its outcome is known; throws where it is an error. */
export function sentText(outcome: Outcome, id: string): string {
  const { code, seq, time } = outcome;
  if (code !== "committed" && code !== "repeated") throw new ChatError(code);
  return `{"seq":${seq},"id":"${id}","time":${timeText(time)}}`;
}

export function messageOperations(options: {
  readonly directory: RoomDirectory;
  readonly marks: Marks;
  readonly messages: Messages;
}): Operations<typeof messageShapes> {
  const { directory, marks, messages } = options;
  return {
    "message.send": {
      who: "person",
      scope: "write",
      cost: 1,
      run: async ({ caller, input, text }) => {
        const sending = { room: input.room, id: input.id, data: memberText(text, "data") as string };
        const outcome = await new Promise<Outcome>((settle, reject) => {
          const sent = messages.send(caller, sending, { settle });
          if (sent !== undefined) sent.catch(reject);
        });
        marks.wrote(caller.person, outcome);
        return new RawJson(sentText(outcome, input.id));
      },
    },
    "message.list": {
      who: "person",
      scope: "read",
      cost: 2,
      run: ({ caller, input }) => messages.list(caller, input),
    },
    "read.mark": {
      who: "person",
      // Reading is what it is about, and nobody else sees it.
      scope: "read",
      cost: 0.2,
      run: async ({ caller, input }) => {
        marks.read(caller.person, await directory.access(caller.person, input.room), input.seq);
        return {};
      },
    },
    "message.delete": {
      who: "person",
      scope: "write",
      cost: 2,
      run: ({ caller, input }) => messages.delete(caller, input),
    },
  };
}
