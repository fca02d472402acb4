/** A room's name and topic. */

import { room_name_chars_max, room_topic_chars_max } from "../protocol/limits.ts";
import type { ListedRoom } from "../protocol/room-operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { form } from "./forms.ts";
import { Sheet } from "./sheet.ts";

export function showSettings({ client, room }: { client: ChatClient; room: ListedRoom }): void {
  const sheet = new Sheet({ title: "Name and topic" });
  sheet.show(
    form({
      fields: [
        { label: "Name", name: "name", maxLength: room_name_chars_max, value: room.name },
        {
          label: "Topic (optional)",
          name: "topic",
          maxLength: room_topic_chars_max,
          value: room.topic,
          optional: true,
        },
      ],
      submit: "Save",
      run: async ({ name = "", topic = "" }) => {
        await client.call("room.update", { room: room.id, name, topic });
        sheet.close();
      },
    }),
  );
}
