/** Runs one command of confab to its end. */

import { join } from "node:path";

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly complaint: string;
}

export async function runConfab(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const argv = [process.execPath, join(import.meta.dir, "../src/main.ts"), ...args];
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("CONFAB_"));
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "pipe", env: { ...Object.fromEntries(inherited), ...env } });
  const [output, complaint, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output, complaint };
}
