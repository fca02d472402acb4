import { expect, test } from "bun:test";
import { connectRaw, openRaw, within } from "../client.ts";
import { startNode } from "../harness.ts";

test("a guest who signs out is answered, loses every connection of that sign-in for good, and the token is refused", async () => {
  await using node = await startNode({ args: ["--open"] });
  await using first = await connectRaw(node, { data: { name: "Ada" } });
  const token = first.connected?.data.token ?? "";
  await using second = await connectRaw(node, { token });
  await using bystander = await connectRaw(node, { data: { name: "Bob" } });

  const asked = performance.now();
  const reply = await first.request("rpc", { method: "session.end", data: {} });
  expect(reply.error).toBeUndefined();
  for (const client of [first, second]) {
    expect(await within(client.closed, () => "the connection's end")).toEqual({
      code: 3503,
      reason: "force disconnect",
    });
  }
  expect(performance.now() - asked).toBeLessThan(1_000);

  await using again = await openRaw(node);
  expect(await again.refusal("connect", { token })).toMatchObject({ code: 101 });
  expect((await bystander.request("ping", {})).error).toBeUndefined();
});
