/**
 * Peers from other packages. They are installed in a cache folder and not among the server's own packages, and their
 * programs run from there: Node finds the packages beside them, and reads no TypeScript.
 */

import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Subject } from "./server-process.ts";
import { root } from "./subjects.ts";

export const peers_folder = join(root, ".cache/bench-peers");

interface Peer {
  readonly name: string;
  readonly file: string;
  readonly runtime: "node" | "bun";
  readonly protocol: Subject["protocol"];
}

/** Another peer is a row here and a program in bench/peers: docs/performance.md says what it has to do. */
const peers: readonly Peer[] = [
  { name: "Node ws", file: "ws", runtime: "node", protocol: "frames" },
  { name: "Socket.IO", file: "socket-io", runtime: "node", protocol: "socket.io" },
  { name: "Socket.IO on Bun", file: "socket-io-bun", runtime: "bun", protocol: "socket.io" },
];

function portOf(line: string): number | undefined {
  const found = /^ready (\d+)$/.exec(line);
  return found === null ? undefined : Number(found[1]);
}

/** Installs the packages; without changes this takes some milliseconds. */
export async function installPeers(): Promise<void> {
  await mkdir(peers_folder, { recursive: true });
  for (const file of ["package.json", "bun.lock"])
    await copyFile(join(root, "bench/peers", file), join(peers_folder, file));
  const install = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], { cwd: peers_folder });
  if (!install.success) throw new Error(`The peers could not be installed: ${install.stderr.toString()}`);
  const transpiler = new Bun.Transpiler({ loader: "ts", target: "node" });
  for (const file of [...peers.map((peer) => peer.file), "http-load"]) {
    const source = await Bun.file(join(root, "bench/peers", `${file}.ts`)).text();
    await Bun.write(join(peers_folder, `${file}.mjs`), transpiler.transformSync(source));
  }
}

/** The peers that this machine can run. */
export function peerSubjects(): Subject[] {
  return peers
    .filter(({ runtime }) => runtime === "bun" || Bun.which("node") !== null)
    .map(({ name, file, runtime, protocol }) => ({
      name,
      protocol,
      command: [
        runtime === "bun" ? process.execPath : (Bun.which("node") ?? "node"),
        join(peers_folder, `${file}.mjs`),
        "0",
      ],
      port: portOf,
    }));
}
