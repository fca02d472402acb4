/** The configurations of docs/deploy in front of a real server: a chat through each, and the clients' own addresses. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, connectRaw, RawClient, within } from "../client.ts";
import { startNode, type ChatNode } from "../harness.ts";
import { makeCertificate } from "../certificate.ts";
import { temporaryFolder, type TemporaryFolder } from "../temporary.ts";

const configurations = join(import.meta.dir, "../../docs/deploy");

async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  resolve(listener.port);
  listener.stop(true);
  return await promise;
}

interface Proxy extends AsyncDisposable {
  readonly url: string;
}

/** The configuration as it is in docs, with this machine's ports and folders in place of those of the example. */
function adapted(name: string, places: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(configurations, name), "utf8");
  for (const [from, to] of Object.entries(places)) {
    if (!text.includes(from)) throw new Error(`Expected ${from} in docs/deploy/${name}.`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** What it keeps for itself goes into the folder, where the test ends with it. */
async function startProxy(argv: readonly string[], port: number, folder: TemporaryFolder): Promise<Proxy> {
  const env = { ...process.env, HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path };
  const child = Bun.spawn([...argv], { stdout: "ignore", stderr: "pipe", env });
  const complaint = new Response(child.stderr).text();
  let exited = false;
  void child.exited.then(() => (exited = true));
  // Clients come from ::1 and the proxy from 127.0.0.1, so that they are told apart.
  const url = `https://[::1]:${port}`;
  const answers = async (): Promise<boolean> => {
    if (exited) throw new Error(`Expected a proxy; it left: ${await complaint}`);
    return await fetch(`${url}/healthz`, { tls: { rejectUnauthorized: false } }).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  try {
    await eventually(answers, "a proxy that answers");
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function startNginx(node: ChatNode, folder: TemporaryFolder): Promise<Proxy> {
  const port = await freePort();
  const { cert, key } = makeCertificate(folder.path);
  const site = adapted("nginx.conf", {
    "listen 443 ssl;": "",
    "listen [::]:443 ssl": `listen [::1]:${port} ssl`,
    "listen 80": `listen 127.0.0.1:${await freePort()}`,
    "listen [::]:80;": "",
    "/etc/ssl/chat.example.com.pem": cert,
    "/etc/ssl/chat.example.com.key": key,
    "127.0.0.1:8000": new URL(node.url).host,
  });
  const path = join(folder.path, "nginx.conf");
  const own = `daemon off; pid ${folder.path}/nginx.pid; error_log stderr; events {}\nhttp { access_log off;`;
  const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder.path}/${name};`,
  );
  await Bun.write(path, `${own} ${folders.join(" ")}\n${site}\n}\n`);
  return await startProxy([Bun.which("nginx") ?? "nginx", "-c", path, "-p", folder.path], port, folder);
}

async function startHaproxy(node: ChatNode, folder: TemporaryFolder): Promise<Proxy> {
  const port = await freePort();
  const { cert, key } = makeCertificate(folder.path);
  const both = join(folder.path, "both.pem");
  await Bun.write(both, readFileSync(cert, "utf8") + readFileSync(key, "utf8"));
  const text = adapted("haproxy.cfg", {
    "maxconn 20000": "maxconn 500",
    "bind :443 ssl": `bind [::1]:${port} ssl`,
    "bind :80": `bind 127.0.0.1:${await freePort()}`,
    "/etc/ssl/chat.example.com.both.pem": both,
    "127.0.0.1:8000": new URL(node.url).host,
  });
  const path = join(folder.path, "haproxy.cfg");
  await Bun.write(path, text);
  return await startProxy([Bun.which("haproxy") ?? "haproxy", "-db", "-f", path], port, folder);
}

/** It would ask for a certificate by itself: here it is given one. Its door for administration is shut. */
async function startCaddy(node: ChatNode, folder: TemporaryFolder): Promise<Proxy> {
  const port = await freePort();
  const { cert, key } = makeCertificate(folder.path);
  const site = adapted("Caddyfile", {
    "chat.example.com {": `https://:${port} {\n\tbind ::1\n\ttls ${cert} ${key}`,
    "127.0.0.1:8000": new URL(node.url).host,
  });
  const path = join(folder.path, "Caddyfile");
  await Bun.write(path, `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n${site}`);
  const argv = [Bun.which("caddy") ?? "caddy", "run", "--adapter", "caddyfile", "--config", path];
  return await startProxy(argv, port, folder);
}

const start = { nginx: startNginx, haproxy: startHaproxy, caddy: startCaddy } as const;

for (const name of ["nginx", "haproxy", "caddy"] as const) {
  test(`a chat goes through ${name}, which tells the server who the client is`, async () => {
    using folder = temporaryFolder();
    const args = ["--open", "--trusted-proxies", "127.0.0.1", "--public-url", "https://chat.example.com"];
    await using node = await startNode({ args });
    await using proxy = await start[name](node, folder);
    const ws = `${proxy.url.replace("https", "wss")}/connection/websocket`;
    const through = async (headers: Record<string, string> = {}): Promise<RawClient> => {
      const client = new RawClient({ ws }, { headers, anyCertificate: true });
      await within(client.opened, () => `a socket through ${name}`);
      await client.connect();
      return client;
    };

    await using first = await through({ origin: "https://chat.example.com" });
    await using direct = await connectRaw(node);
    for (const client of [first, direct]) await client.subscribe("open:proxied");
    await first.request("publish", { channel: "open:proxied", data: { text: "through" } });
    await direct.request("publish", { channel: "open:proxied", data: { text: "direct" } });
    for (const client of [first, direct]) {
      await client.untilSeq("open:proxied", 2);
      expect(client.log("open:proxied").map(({ data }) => data)).toEqual(['{"text":"through"}', '{"text":"direct"}']);
    }

    // The proxy adds the address from which it was reached; what the client says of itself stands before it.
    const ended = (): unknown[] =>
      node.logs.filter(({ event }) => event === "connection_ended").map((line) => line["address"]);
    await first.close();
    const liar = await through({ "x-forwarded-for": "203.0.113.9" });
    await liar.close();
    await eventually(() => ended().length === 2, "the lines of both ends");
    expect(ended()).toEqual(["::1", "::1"]);

    // A page of another origin may not connect, and the metrics are not for those who come from outside.
    const stranger = new RawClient({ ws }, { headers: { origin: "https://evil.example" }, anyCertificate: true });
    expect((await stranger.closed).code).not.toBe(1000);
    const metrics = await fetch(`${proxy.url}/metrics`, { tls: { rejectUnauthorized: false } });
    expect(metrics.status).toBe(404);
    const page = await fetch(`${proxy.url}/`, { tls: { rejectUnauthorized: false } });
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  });
}
