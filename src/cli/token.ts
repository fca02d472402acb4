import { SignJWT } from "jose";
import { configFlags, readConfig } from "../config.ts";
import { OperatorError } from "../lib/operator-error.ts";
import type { Command, Surroundings } from "./command.ts";

const units_s: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const ttl_default = "1h";

export const tokenCommand: Command = {
  summary: "signs a token for a user, as the host application would",
  examples: [
    ["CONFAB_JWT_SECRET=… confab token --user ada", "a token for the user ada, good for an hour"],
    ['confab token --config confab.json --user ada --name "Ada L." --ttl 7d', "with a name, good for a week"],
    [
      "confab token --user ada --channels 0a1b2c3d4e5f6g7h8i9j",
      "one that may subscribe to this room without being a member",
    ],
  ],
  flags: [
    { name: "user", takesValue: true },
    { name: "name", takesValue: true },
    { name: "ttl", takesValue: true },
    { name: "channels", takesValue: true },
    ...configFlags,
  ],
  details: () =>
    "--user is the token's sub: who it is to the host application.\n" +
    `--ttl is how long it is good: a number and s, m, h or d; ${ttl_default} if it is left out.\n` +
    "The token has the aud and iss of jwt_audience and jwt_issuer, where those are set. It is printed alone, for scripts.\n",
  run,
};

async function run(surroundings: Surroundings): Promise<number> {
  const { flags, clock, output } = surroundings;
  const { config, secrets } = readConfig(surroundings);
  const user = flags["user"]?.at(-1)?.trim() ?? "";
  if (user === "") throw usage("Whose token? Name the user with --user.");
  if (secrets.jwtSecret === undefined) {
    throw usage("There is no secret to sign with: set CONFAB_JWT_SECRET to the one that the server has.");
  }
  const ttl_s = parseTtl(flags["ttl"]?.at(-1) ?? ttl_default);
  const name = flags["name"]?.at(-1);
  const channels = flags["channels"]?.flatMap((text) => text.split(",")).filter((channel) => channel !== "");
  const claims = { ...(name === undefined ? {} : { info: { name } }), ...(channels === undefined ? {} : { channels }) };
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(user)
    .setExpirationTime(Math.floor(clock.now() / 1000) + ttl_s);
  if (config.jwtAudience !== undefined) jwt.setAudience(config.jwtAudience);
  if (config.jwtIssuer !== undefined) jwt.setIssuer(config.jwtIssuer);
  output.write(`${await jwt.sign(new TextEncoder().encode(secrets.jwtSecret))}\n`);
  return 0;
}

function parseTtl(text: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ttl_s = Number(amount) * (units_s[unit] ?? 0);
  if (ttl_s > 0) return ttl_s;
  throw usage(`--ttl: expected a number and s, m, h or d, such as 30m; got ${JSON.stringify(text)}.`);
}

function usage(sentence: string): OperatorError {
  return new OperatorError(`${sentence} See confab token --help.`, { exitCode: 2 });
}
