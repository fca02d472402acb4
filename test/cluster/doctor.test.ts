/** `confab doctor` where the data is on a libSQL server. */

import { expect, test } from "bun:test";
import { createClient } from "@libsql/client";
import { runConfab } from "../command.ts";
import { startSqld } from "../sqld.ts";

test("confab doctor says what a remote database's word is worth and how fast it is, and leaves nothing there", async () => {
  await using sqld = await startSqld();
  const args = ["doctor", "--open", "--database", sqld.url, "--port", "0"];
  const { code, output, complaint } = await runConfab(args);
  expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
  expect(output).toMatch(/synchronous=\w+: .*power cut/);
  expect(output).toMatch(/a round trip takes \d+\.\d ms \(p50\), \d+\.\d ms \(p99\)/);
  expect(output).toMatch(/a batch of 200 rows takes .* \d+ batches of 200 rows a second/);
  const client = createClient({ url: sqld.url });
  const { rows } = await client.execute("SELECT name FROM sqlite_master");
  client.close();
  expect(rows).toEqual([]);
  console.log(`figure: doctor on sqld:\n${output.slice(0, output.indexOf("\nmachine\n"))}`);

  await sqld.kill();
  const without = await runConfab(args);
  expect(without.code).toBe(1);
  expect(without.output).toMatch(/WRONG .* cannot be used/);
  expect(without.output).toContain("look whether it runs");
}, 60_000);
