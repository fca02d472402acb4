/** The page: builds its parts and ties them together. */

import { ChatClient } from "../sdk/chat-client.ts";
import { browserStore } from "../sdk/store.ts";
import { Composer } from "./composer.ts";
import { ConnectionNotice } from "./connection-notice.ts";
import { Drawers } from "./drawers.ts";
import { byId, paintAvatar } from "./elements.ts";
import { NameDialog } from "./name-dialog.ts";
import { rememberedName } from "./remembered.ts";
import { RoomList } from "./room-list.ts";
import { RoomView } from "./room-view.ts";

const client = new ChatClient({ url: location.origin, name: rememberedName, store: browserStore() });
const view = new RoomView(client);
const composer = new Composer((text) => view.write(text));
const drawers = new Drawers();
new ConnectionNotice(client);

const rooms = new RoomList((room) => {
  drawers.close();
  void view.open(room);
  composer.open(room);
});

function showMe(): void {
  const name = rememberedName() ?? "";
  byId("me-name", HTMLElement).textContent = name;
  paintAvatar(byId("me-avatar", HTMLElement), { id: client.me?.id ?? "", name });
}

const dialog = new NameDialog(() => {
  showMe();
  // The name is told with a connect; the rooms go on where they were.
  client.disconnect();
  client.connect();
  rooms.show();
});

byId("me", HTMLButtonElement).addEventListener("click", () => dialog.ask());
client.states.add(() => showMe());

if (rememberedName() === undefined) dialog.ask();
else {
  showMe();
  client.connect();
  rooms.show();
}
