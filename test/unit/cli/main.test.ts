import { expect, test } from "bun:test";
import packageJson from "../../../package.json" with { type: "json" };

const main = new URL("../../../src/main.ts", import.meta.url).pathname;

async function confab(argv: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, main, ...argv], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [output, complaint, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { output, complaint, exitCode };
}

test("the version is told by command and by flag", async () => {
  for (const argv of [["version"], ["--version"]]) {
    const { output, exitCode } = await confab(argv);
    expect(output).toStartWith(`confab ${packageJson.version}`);
    expect(exitCode).toBe(0);
  }
});

test("help names every command, and a command's help its flags and examples", async () => {
  const all = await confab(["--help"]);
  expect(all.exitCode).toBe(0);
  for (const word of ["serve", "config", "version", "Examples:"]) {
    expect(all.output).toContain(word);
  }
  const serve = await confab(["serve", "--help"]);
  expect(serve.output).toContain("confab serve --open");
  expect(serve.output).toContain("--ring-bytes-max, CONFAB_RING_BYTES_MAX");
});

test("a mistake of the user is one clear message without a stack, and exit code 2", async () => {
  const command = await confab(["srve"]);
  expect(command).toEqual({
    output: "",
    complaint: "confab: Unknown command: srve. Did you mean serve? See confab --help.\n",
    exitCode: 2,
  });
  const settings = await confab(["--port", "x"], { CONFAB_PROT: "1" });
  expect(settings.exitCode).toBe(2);
  expect(settings.complaint).toBe(
    "confab: The configuration has 2 mistakes:\n" +
      "  Unknown variable: CONFAB_PROT. Did you mean CONFAB_PORT?\n" +
      '  --port: expected a whole number from 0 to 65535, got "x".\n',
  );
});

test("confab config prints the whole table without the secrets", async () => {
  const secret = "a secret of more than thirty-two characters";
  const { output, exitCode } = await confab(["config", "--port", "0"], { CONFAB_JWT_SECRET: secret });
  expect(exitCode).toBe(0);
  expect(output).toContain("port = 0  (from --port)");
  expect(output).toContain("log_format = auto");
  expect(output).not.toContain(secret);
});
