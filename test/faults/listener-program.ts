/** A guest in a room, for tests that stop its process. It says "listening" once it is subscribed. */

import { connectRaw } from "../client.ts";

const [ws = "", channel = ""] = process.argv.slice(2);
const client = await connectRaw({ ws });
await client.subscribe(channel);
process.stdout.write("listening\n");
await client.closed;
