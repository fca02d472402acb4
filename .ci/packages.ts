import { dirname, join } from "node:path";
import { runCommand } from "./process.ts";

/** Programs that tests start, and the Debian package that each is in. A test names the program as a string: "chromium". */
const debianPackages: Record<string, string> = {
  chromium: "chromium",
  "redis-server": "redis-server",
  haproxy: "haproxy",
  nginx: "nginx",
  caddy: "caddy",
  ip: "iproute2",
  pgrep: "procps",
  "qemu-aarch64-static": "qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross",
  openssl: "openssl",
  strace: "strace",
  faketime: "faketime",
  "mkfs.ext4": "e2fsprogs",
};

const install_ms_max = 10 * 60_000;

/** The texts of the tests under these folders, and of the files beside the folders that they import. */
async function sourcesOf(folders: readonly string[]): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of folders) {
    for await (const path of new Bun.Glob("**/*.ts").scan(folder)) paths.push(join(folder, path));
  }
  const texts = new Map<string, string>();
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    if (texts.has(path)) continue;
    const text = await Bun.file(path).text();
    texts.set(path, text);
    for (const [, imported = ""] of text.matchAll(/ from "(\.[^"]+\.ts)"/g)) {
      const next = join(dirname(path), imported);
      if (next.startsWith("test/")) paths.push(next);
    }
  }
  return [...texts.values()];
}

/** The programs that some test under these folders needs. */
async function programsOf(folders: readonly string[]): Promise<string[]> {
  const sources = await sourcesOf(folders);
  return Object.keys(debianPackages).filter((program) => sources.some((text) => text.includes(`"${program}"`)));
}

/** The Debian packages that are missing here and that some test under these folders needs. */
async function missingPackages(folders: readonly string[]): Promise<string[]> {
  const missing = (await programsOf(folders)).filter((program) => Bun.which(program) === null);
  return missing.map((program) => debianPackages[program] ?? program);
}

/** Installs what the tests need where that is ours to do; elsewhere it says what to type, and those tests will fail. */
export async function provideDebianPackages(folders: readonly string[]): Promise<void> {
  const missing = await missingPackages(folders);
  if (missing.length === 0) return;
  const install = `apt-get update && apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || Bun.which("apt-get") === null) {
    console.log(`Some tests need programs that are missing here. On Debian or Ubuntu: sudo sh -c '${install}'`);
    return;
  }
  console.log(`Installing what the tests need: ${missing.join(", ")}`);
  const { trouble, output } = await runCommand(
    ["env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", install],
    install_ms_max,
  );
  if (trouble !== null) console.log(`${output}\nThe installation ${trouble}. By hand: ${install}`);
}
