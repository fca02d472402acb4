/** https and wss without a proxy, by the files of a certificate. */

import { expect, test } from "bun:test";
import { runConfab } from "../command.ts";
import { makeCertificate } from "../certificate.ts";
import { RawClient, within } from "../client.ts";
import { startNode } from "../harness.ts";
import { temporaryFolder } from "../temporary.ts";

test("with a certificate and its key the server speaks https and wss", async () => {
  using folder = temporaryFolder();
  const { cert, key } = makeCertificate(folder.path);
  await using node = await startNode({ args: ["--open", "--tls-cert", cert, "--tls-key", key] });
  expect(node.url).toStartWith("https://");
  const tls = { ca: await Bun.file(cert).text() };
  const ready = await fetch(`${node.url}/readyz`, { tls });
  expect(await ready.json()).toMatchObject({ status: "ready" });
  await using client = new RawClient({ ws: node.ws.replace("ws:", "wss:") }, { anyCertificate: true });
  await within(client.opened, () => "a socket by wss");
  await client.connect();
  await client.subscribe("open:secret");
  await client.request("publish", { channel: "open:secret", data: { text: "over TLS" } });
  await client.untilSeq("open:secret", 1);
  expect(node.logs.some(({ event }) => event === "certificate_ends")).toBe(false);
});

test("files that no browser would take are refused at the start, with a sentence", async () => {
  using folder = temporaryFolder();
  using other = temporaryFolder();
  const mine = makeCertificate(folder.path);
  const theirs = makeCertificate(other.path);
  const serve = async (cert: string, key: string): Promise<string> => {
    const args = ["serve", "--open", "--port", "0", "--data", `${folder.path}/data`, "--tls-cert", cert];
    const { code, complaint } = await runConfab([...args, "--tls-key", key]);
    expect(code).toBe(1);
    return complaint;
  };
  expect(await serve(mine.cert, theirs.key)).toContain("is not the key of the certificate");
  expect(await serve(mine.key, mine.key)).toContain("is no certificate in PEM form");
  expect(await serve(mine.cert, mine.cert)).toContain("is no private key in PEM form");
  expect(await serve(`${folder.path}/missing.pem`, mine.key)).toContain("cannot read");
  const { code, complaint } = await runConfab(["serve", "--tls-cert", mine.cert]);
  expect(code).toBe(2);
  expect(complaint).toContain("tls_cert and tls_key belong together");
});
