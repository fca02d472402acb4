/** https and wss without a proxy, by the files of a certificate. */

import { expect, test } from "bun:test";
import { connect } from "node:tls";
import { runConfab } from "../command.ts";
import { makeCertificate } from "../certificate.ts";
import { eventually, RawClient, within } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
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

test("confab doctor looks at certificate and key", async () => {
  using folder = temporaryFolder();
  const asked = async (cert: string, key: string): Promise<{ code: number; output: string }> => {
    const args = ["doctor", "--open", "--port", "0", "--data", `${folder.path}/data`, "--tls-cert", cert];
    return await runConfab([...args, "--tls-key", key]);
  };
  const { cert, key } = makeCertificate(folder.path);
  const well = await asked(cert, key);
  expect(well).toMatchObject({ code: 0 });
  expect(well.output).toContain("ok     the certificate is good until");
  const missing = await asked(`${folder.path}/missing.pem`, key);
  expect(missing).toMatchObject({ code: 1 });
  expect(missing.output).toContain("WRONG  tls_cert: cannot read");
  makeCertificate(folder.path, "127.0.0.1", 5);
  expect(await asked(cert, key)).toMatchObject({ code: 0, output: expect.stringContaining("advice the certificate") });
});

/** The name in the certificate that a new connection gets. */
function nameShown(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

async function secureClient(node: ChatNode): Promise<RawClient> {
  const client = new RawClient({ ws: node.ws.replace("ws:", "wss:") }, { anyCertificate: true });
  await within(client.opened, () => "a socket by wss");
  await client.connect();
  await client.subscribe("open:secret");
  return client;
}

for (const gateways of [1, 2]) {
  test(`SIGHUP gives newcomers the new certificate, and nobody loses their connection; gateways: ${gateways}`, async () => {
    using folder = temporaryFolder();
    const { cert, key } = makeCertificate(folder.path, "before");
    const args = ["--open", "--gateways", String(gateways), "--tls-cert", cert, "--tls-key", key];
    await using node = await startNode({ args });
    const told = (what: string): number => node.logs.filter(({ event }) => event === what).length;
    const renew = async (what: string, count: number): Promise<void> => {
      process.kill(node.pid, "SIGHUP");
      await eventually(() => told(what) === count, what);
    };
    const publish = (from: RawClient, n: number) => from.request("publish", { channel: "open:secret", data: { n } });
    await using early = await secureClient(node);
    expect(await nameShown(node.url)).toBe("before");

    makeCertificate(folder.path, "after");
    await renew("certificate_renewed", gateways);
    expect(await nameShown(node.url)).toBe("after");
    await using late = await secureClient(node);
    await publish(early, 1);
    await publish(late, 2);
    for (const client of [early, late]) await client.untilSeq("open:secret", 2);

    // Half a pair is no reason to have none.
    await Bun.write(key, "no key");
    await renew("certificate_not_renewed", 1);
    expect(await nameShown(node.url)).toBe("after");
    makeCertificate(folder.path, "at last");
    await renew("certificate_renewed", 2 * gateways);
    expect(await nameShown(node.url)).toBe("at last");
    await publish(late, 3);
    for (const client of [early, late]) await client.untilSeq("open:secret", 3);
    expect((await fetch(`${node.url}/readyz`, { tls: { rejectUnauthorized: false } })).status).toBe(200);

    const ends = [early, late].map((client) => client.closed);
    expect(await node.stop()).toBe(0);
    expect((await Promise.all(ends)).map(({ code }) => code)).toEqual([3001, 3001]);
  });
}

test("a server without a certificate stays when it is asked for a new one", async () => {
  await using node = await startNode({ args: ["--open"] });
  process.kill(node.pid, "SIGHUP");
  await eventually(() => node.logs.some(({ event }) => event === "certificate_not_renewed"), "a line that says so");
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200);
});
