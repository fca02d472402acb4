/** Accounts in the executable: what they need is loaded late, and would be missing here. */

import { expect, test } from "bun:test";
import { Browser, ownerToken, password, totp } from "../accounts.ts";
import { startNode } from "../harness.ts";
import { startMailSink } from "../mail-sink.ts";
import { eventually } from "../client.ts";

test("the executable makes its owner, knows a second factor, and sends a mail", async () => {
  using sink = startMailSink();
  const smtp = ["--smtp-url", sink.url, "--smtp-from", "chat@example.com"];
  await using node = await startNode({ binary: true, args: smtp });
  const ada = new Browser(node);
  const entered = await ada.signUp("ada", { invite: await ownerToken(node), email: "ada@example.com" });
  expect(entered.status).toBe(200);
  const { totpURI } = (await ada.post("two-factor/enable", { password })).json as { totpURI: string };
  expect((await ada.post("two-factor/verify-totp", { code: totp(totpURI) })).status).toBe(200);
  await using socket = await ada.connect();
  expect(await socket.rpc<object>("account.get", {})).toMatchObject({ role: "owner", second_factor: true });
  await ada.post("request-password-reset", { email: "ada@example.com" });
  await eventually(() => sink.letters.length === 1, "a letter");
});
