/** PROMISES.md T19: somebody signs in ten thousand times a minute, with tokens that are no good and as ever new guests. */

import { expect, test } from "bun:test";
import { openRaw } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { inMiB, watchMemory } from "../process-memory.ts";
import { feltBy, quiet, startPulse } from "../pulse.ts";
import { jwtSecret, signed } from "../tokens.ts";

const MiB = 1024 * 1024;
const logins_per_minute = 10_000;
const logins = 2_500;
const extra_ms_max = 20;
const growth_bytes_max = 50 * MiB;
/** What gateway/rates.ts grants an address: tokens that are refused after a look at them, and how many more each second. */
const looked_at_burst = 100;
const looked_at_per_second = 20;
const limited_ms_max = 1_000;
const offences = 400;
const args = ["--open", "--trusted-proxies", "127.0.0.1", "--messages-per-second", "200", "--messages-burst", "400"];
const outside = { "x-forwarded-for": "198.51.100.7" };
const [signedIn, tooMany, invalidToken] = ["signed in", "error 111", "closed with 3500"] as const;

/** How one sign-in ends. */
async function login(node: ChatNode, token: string): Promise<string> {
  await using client = await openRaw(node, token === "" ? {} : { headers: outside });
  return await client.request("connect", token === "" ? {} : { token }).then(
    ({ error }) => (error === undefined ? signedIn : `error ${error.code}`),
    async () => `closed with ${(await client.closed).code}`,
  );
}

interface Storm {
  readonly ends: Map<string, number>;
  took_ms: number;
}

/** Begins so many sign-ins at an even pace, whatever becomes of them; resolves when all have ended. */
async function steadily(count: number, begin: (n: number) => Promise<void>): Promise<void> {
  const start_ms = performance.now();
  const going: Promise<void>[] = [];
  while (going.length < count) {
    const due = Math.min(count, ((performance.now() - start_ms) / 60_000) * logins_per_minute);
    while (going.length < due) going.push(begin(going.length));
    await quiet(5);
  }
  await Promise.all(going);
}

async function storm(node: ChatNode, tokens: readonly string[], told: Storm): Promise<void> {
  const start_ms = performance.now();
  await steadily(logins, async (n) => {
    const end = await login(node, tokens[n % tokens.length] ?? "");
    told.ends.set(end, (told.ends.get(end) ?? 0) + 1);
  });
  told.took_ms += performance.now() - start_ms;
}

function wrongTokens(): Promise<string[]> {
  const secret = "not the secret of this server, but as long";
  return Promise.all(Array.from({ length: 100 }, (_, n) => signed({ sub: `${n}` }, secret)));
}

test("10,000 logins a minute, guests and wrong tokens, are not felt by the others", async () => {
  await using node = await startNode({ args, env: { CONFAB_JWT_SECRET: jwtSecret } });
  await using pulse = await startPulse(node);
  const wrong = await wrongTokens();
  // Every other one is a guest of this machine's own address, which may make as many as it likes: those cost the most.
  const tokens = wrong.flatMap((token) => [token, ""]);
  const usual = watchMemory(node.pid);
  await pulse.during(() => quiet(2_000));
  const rss = usual.stop();
  const memory = watchMemory(node.pid);
  const told: Storm = { ends: new Map(), took_ms: 0 };
  const start_ms = performance.now();
  const felt = await feltBy(pulse, () => storm(node, tokens, told), { quiet_ms: 3_000, extra_ms_max });
  const seconds = (performance.now() - start_ms) / 1000;
  const growth = memory.stop() - rss;
  const ends = [...told.ends].map(([end, count]) => `${count} ${end}`).join(", ");
  const per_minute = ([...told.ends.values()].reduce((sum, count) => sum + count, 0) / told.took_ms) * 60_000;
  console.log(
    `figure: T19 logins: ${per_minute.toFixed(0)} a minute (${ends}), ${felt.text}, RSS +${inMiB(growth)} (at most ${inMiB(growth_bytes_max)})`,
  );
  expect(per_minute).toBeGreaterThan(logins_per_minute * 0.9);
  expect([...told.ends.keys()].sort()).toEqual([signedIn, tooMany, invalidToken].sort());
  // The guests come in; of the wrong tokens only so many are looked at, and the others turned away before that.
  const lookedAt = told.ends.get(invalidToken) ?? 0;
  expect(told.ends.get(signedIn)).toBe(lookedAt + (told.ends.get(tooMany) ?? 0));
  expect(lookedAt).toBeLessThanOrEqual(looked_at_burst + looked_at_per_second * seconds + 1);
  expect(felt.during).toBeLessThan(felt.before + extra_ms_max);
  expect(growth).toBeLessThan(growth_bytes_max);
}, 120_000);

test("who tries wrong tokens 10,000 times a minute is limited within a second, and good tokens elsewhere are not", async () => {
  await using node = await startNode({ args, env: { CONFAB_JWT_SECRET: jwtSecret } });
  const wrong = await wrongTokens();
  const start_ms = performance.now();
  let limited_ms = Number.POSITIVE_INFINITY;
  let lookedAt = 0;
  await steadily(offences, async (n) => {
    const end = await login(node, wrong[n % wrong.length] ?? "");
    if (end === invalidToken) lookedAt++;
    else if (end === tooMany) limited_ms = Math.min(limited_ms, performance.now() - start_ms);
  });
  const per_minute = (offences / (performance.now() - start_ms)) * 60_000;
  // The limit is the offender's address's: who comes from another one is let in.
  const good = await signed({ sub: "ada" });
  await using honest = await openRaw(node, { headers: { "x-forwarded-for": "198.51.100.8" } });
  expect((await honest.request("connect", { token: good })).error).toBeUndefined();
  console.log(
    `figure: T19 wrong tokens, ${per_minute.toFixed(0)} a minute: limited after ${limited_ms.toFixed(0)} ms ` +
      `(at most ${limited_ms_max}), ${lookedAt} of ${offences} looked at`,
  );
  expect(limited_ms).toBeLessThan(limited_ms_max);
  expect(lookedAt).toBeLessThan(offences / 2);
}, 60_000);
