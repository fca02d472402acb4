/** One switch: nobody new comes in, and everywhere people wait between two messages. */

import { expect, test } from "bun:test";
import type { OutputOf } from "../../src/protocol/operations.ts";
import { connectRaw, eventually, openRaw } from "../client.ts";
import { post } from "../http-client.ts";
import { actsOf, startOwnedNode } from "../owned-node.ts";
import { refusedStatus } from "../plain-client.ts";
import { again, arrive, codeOf, messageId, roomOf, told, toldToWrite } from "../room-people.ts";
import { jwtSecret, signed } from "../tokens.ts";

test("in a lockdown nobody new comes in, and who is here goes on", async () => {
  const args = ["--open", "--sign-up", "open", "--lockdown-slow-seconds", "1"];
  await using owned = await startOwnedNode({ args, env: { CONFAB_JWT_SECRET: jwtSecret } });
  const { node, root } = owned;
  await using guest = await arrive(node);
  expect(await root.rpc<object>("server.lockdown", { on: true })).toEqual({ on: true });
  await using nobody = await openRaw(node);
  expect(codeOf((await nobody.request("connect", {})).error)).toBe("locked_down");
  expect(await refusedStatus(`${node.url}/`)).toBe(403);
  const asked = { method: "POST", headers: { "content-type": "application/json", origin: node.url } };
  const body = JSON.stringify({ username: "somebody", password: "correct horse battery" });
  const signUp = await fetch(`${node.url}/api/auth/sign-up`, { ...asked, body });
  expect([signUp.status, (await signUp.text()).includes("locked_down")]).toEqual([403, true]);
  // A guest who was here before, and who a host vouches for, are nobody new.
  await using back = await again(node, guest);
  expect(back.user).toBe(guest.user);
  await using host = await connectRaw(node, { token: await signed({ sub: "known to the host" }) });
  expect(host.user).not.toBe("");
  // It lives through a restart.
  await node.stop();
  await node.restart();
  await using still = await openRaw(node);
  expect(codeOf((await still.request("connect", {})).error)).toBe("locked_down");
  await using owner = await connectRaw(node, { token: owned.token });
  await owner.rpc("server.lockdown", { on: false });
  await using late = await arrive(node);
  expect(late.user).not.toBe("");
  expect((await actsOf(owner, 2)).map(({ action, detail }) => [action, detail])).toEqual([
    ["server.lockdown", { on: false }],
    ["server.lockdown", { on: true }],
  ]);
});

test("in a lockdown everybody but moderators waits between two messages, room by room, at every door", async () => {
  await using owned = await startOwnedNode({ args: ["--open", "--lockdown-slow-seconds", "2"] });
  const { node, root } = owned;
  await using owner = await arrive(node);
  await using member = await arrive(node);
  const token = member.connected?.data.token ?? "";
  const [room, second] = [await roomOf(owner, [member]), await roomOf(owner, [member])];
  await root.rpc("server.lockdown", { on: true });
  const first = { room, id: messageId(1), data: { text: "one" } };
  const sent = await member.rpc<object>("message.send", first);
  expect(await told(member, "message.send", { ...first, id: messageId(2) })).toBe("slow_mode");
  expect(await toldToWrite(member, room)).toBe("slow_mode");
  const answer = await post(node, "message.send", { token, body: { ...first, id: messageId(3) } });
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
  // A retry of what was stored is no second message.
  expect(await member.rpc<object>("message.send", first)).toEqual(sent);
  expect(await toldToWrite(member, second)).toBe("ok");
  for (const text of ["a", "b"]) expect(await toldToWrite(owner, room, { text })).toBe("ok");
  await eventually(async () => (await toldToWrite(member, room)) === "ok", "the next message after the wait");
  await root.rpc("server.lockdown", { on: false });
  for (const text of ["a", "b"]) expect(await toldToWrite(member, room, { text })).toBe("ok");
});

test("the settings that can be changed while the server runs begin as they are configured", async () => {
  await using owned = await startOwnedNode({ args: ["--open", "--sign-up", "invite", "--lockdown-slow-seconds", "7"] });
  const { node, root } = owned;
  type Settings = OutputOf<"server.settings.get">;
  const configured = { lockdown: false, sign_up: "invite", slow_seconds: 7 };
  expect(await root.rpc<Settings>("server.settings.get", {})).toEqual(configured as Settings);
  const changed = await root.rpc<Settings>("server.settings.set", { sign_up: "open" });
  expect(changed).toEqual({ ...configured, sign_up: "open" } as Settings);
  const asked = { method: "POST", headers: { "content-type": "application/json", origin: node.url } };
  const body = JSON.stringify({ username: "somebody", password: "correct horse battery" });
  expect((await fetch(`${node.url}/api/auth/sign-up`, { ...asked, body })).status).toBe(200);
  await root.rpc("server.settings.set", { sign_up: "closed", slow_seconds: 60 });
  const other = JSON.stringify({ username: "somebody.else", password: "correct horse battery" });
  expect((await fetch(`${node.url}/api/auth/sign-up`, { ...asked, body: other })).status).toBe(403);
  for (const wrong of [{}, { sign_up: "sometimes" }, { slow_seconds: 0 }, { lockdown: true }])
    expect([wrong, await told(root, "server.settings.set", wrong)]).toEqual([wrong, "bad_request"]);
});
