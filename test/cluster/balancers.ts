/** The load balancers of docs/deploy, with the addresses of a test in place of the examples. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../client.ts";
import { freePort } from "../free-port.ts";
import { temporaryFolder } from "../temporary.ts";

export interface Balancer extends AsyncDisposable {
  readonly url: string;
  readonly ws: string;
}

const deploy = join(import.meta.dir, "../../docs/deploy");

/** The file with each `node<n>:8000` replaced by an address, and port 80 by a free one. */
function configured(
  name: string,
  nodes: readonly { url: string }[],
  bind: readonly [example: string, real: string],
): string {
  const text = readFileSync(join(deploy, name), "utf8").replace(...bind);
  return text.replace(/\bnode(\d):8000\b/g, (_, n: string) => new URL(nodes[Number(n) - 1]?.url ?? "").host);
}

async function run(argv: readonly string[], port: number): Promise<Balancer> {
  const child = Bun.spawn([...argv], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  const answers = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`Expected ${argv[0]} to run; it left with ${child.exitCode}`);
    return await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await eventually(answers, `${argv[0]} in front of a ready node`);
  return {
    url,
    ws: `${url.replace("http", "ws")}/connection/websocket`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

export async function startHaproxy(nodes: readonly { url: string }[]): Promise<Balancer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const path = join(folder.path, "haproxy.cfg");
  const text = configured("haproxy-nodes.cfg", nodes, ["bind :80", `bind 127.0.0.1:${port}`]);
  // So many descriptors may not be had where tests run.
  writeFileSync(path, text.replace("maxconn 20000", "maxconn 2000"));
  const balancer = await run(["haproxy", "-db", "-f", path], port);
  folder[Symbol.dispose]();
  return balancer;
}

export async function startNginx(nodes: readonly { url: string }[]): Promise<Balancer> {
  const folder = temporaryFolder();
  const port = await freePort();
  const site = join(folder.path, "site.conf");
  writeFileSync(site, configured("nginx-nodes.conf", nodes, ["listen 80;", `listen 127.0.0.1:${port};`]));
  const path = join(folder.path, "nginx.conf");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${folder.path};`,
  );
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${folder.path}/pid; error_log stderr;
     events { worker_connections 4096; }
     http { access_log off; ${temporary.join(" ")} include ${site}; }`,
  );
  const balancer = await run(["nginx", "-p", folder.path, "-c", path], port);
  return {
    ...balancer,
    async [Symbol.asyncDispose]() {
      await balancer[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
