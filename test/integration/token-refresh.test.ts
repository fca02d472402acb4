import { expect, test } from "bun:test";
import { connectSdk } from "../centrifuge.ts";
import { connectRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";
import { inSeconds, jwtSecret, signed } from "../tokens.ts";

const env = { CONFAB_JWT_SECRET: jwtSecret };

test("the SDK refreshes its token before it ends, and the connection goes on", async () => {
  await using node = await startNode({ env });
  const asked = Promise.withResolvers<void>();
  let disconnects = 0;
  using sdk = await connectSdk(node, {
    token: await signed({ sub: "ada", exp: inSeconds(2) }),
    getToken: async () => {
      asked.resolve();
      return await signed({ sub: "ada" });
    },
  });
  sdk.client.on("connecting", () => disconnects++);
  await within(asked.promise, () => "the SDK asks for a new token");
  const reply = await sdk.client.rpc("user.get", { ids: [sdk.data.user.id] });
  expect(reply.data).toEqual({ users: [sdk.data.user] });
  expect(disconnects).toBe(0);
});

test("a refresh gives the new time to live; another user's token ends the connection", async () => {
  await using node = await startNode({ env });
  await using client = await connectRaw(node, { token: await signed({ sub: "ada", exp: inSeconds(60) }) });
  const { refresh } = await client.request("refresh", { token: await signed({ sub: "ada", exp: inSeconds(600) }) });
  expect(refresh?.ttl).toBeGreaterThan(590);
  const expired = await signed({ sub: "ada", exp: inSeconds(-1) });
  expect(await client.refusal("refresh", { token: expired })).toMatchObject({ code: 109 });
  client.send(client.command("refresh", { token: await signed({ sub: "eve" }) }).text);
  expect(await within(client.closed, () => "the close")).toMatchObject({ code: 3500 });
});
