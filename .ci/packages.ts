import { runCommand } from "./process.ts";

/** Programs that tests start, and the Debian package that each is in. A test names the program as a string: "chromium". */
const debianPackages: Record<string, string> = {
  chromium: "chromium",
  "redis-server": "redis-server",
  haproxy: "haproxy",
  nginx: "nginx",
  "qemu-aarch64-static": "qemu-user-static libc6-arm64-cross libgcc-s1-arm64-cross",
  openssl: "openssl",
  strace: "strace",
  faketime: "faketime",
};

const install_ms_max = 10 * 60_000;

/** The Debian packages that are missing here and that some test under these folders needs. */
async function missingPackages(folders: readonly string[]): Promise<string[]> {
  const sources: string[] = [];
  for (const folder of folders) {
    for await (const path of new Bun.Glob("**/*.ts").scan(folder)) {
      sources.push(await Bun.file(`${folder}/${path}`).text());
    }
  }
  return Object.keys(debianPackages)
    .filter((program) => Bun.which(program) === null && sources.some((text) => text.includes(`"${program}"`)))
    .map((program) => debianPackages[program] ?? program);
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
