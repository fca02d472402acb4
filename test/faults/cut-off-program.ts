/**
 * The unmodified SDK in a room, for tests that cut its network. It says "listening" once it is subscribed, and "noticed"
 * when it gives the server up: `cut-off-program.ts <address> <channel>`.
 */

import { connectSdk, enterRoom } from "../centrifuge.ts";

const [ws = "", channel = ""] = process.argv.slice(2);
const { client } = await connectSdk({ ws });
await enterRoom(client, channel);
client.once("connecting", ({ code, reason }) => process.stdout.write(`noticed: ${code} ${reason}\n`));
process.stdout.write("listening\n");
