import { expect, test } from "bun:test";
import {
  ConfigError,
  type ConfigSources,
  configFlags,
  readConfig,
  renderSettings,
  settings,
} from "../../src/config.ts";

const secret = "a secret of more than thirty-two characters";

function read(sources: Partial<ConfigSources> = {}) {
  const readFile = (path: string): string => {
    throw new Error(`there is no ${path}`);
  };
  return readConfig({ flags: {}, env: {}, readFile, ...sources });
}

function mistakesOf(sources: Partial<ConfigSources>): string {
  try {
    read(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).exitCode).toBe(2);
    return (error as ConfigError).message;
  }
  return "";
}

test("without a word from anybody every setting has its default, and secrets are not set", () => {
  const { config, secrets, origins } = read();
  expect(config).toMatchObject({
    host: "127.0.0.1",
    port: 8000,
    listen: [],
    data: "./confab-data",
    open: false,
    database: "",
    jwtIssuer: undefined,
    connectionsMax: 15_000,
    ringBytesMax: 33_554_432,
    logFormat: "auto",
  });
  expect(secrets).toEqual({
    jwtSecret: undefined,
    databaseToken: undefined,
    redisPassword: undefined,
    accountSecret: undefined,
    smtpPassword: undefined,
    oidcClientSecret: undefined,
  });
  expect(origins.size).toBe(0);
});

test("what is read cannot be changed, lists included", () => {
  const { config, secrets } = read({ flags: { listen: ["8001"] } });
  expect(Object.isFrozen(config) && Object.isFrozen(secrets) && Object.isFrozen(config.listen)).toBe(true);
});

test("a configuration file is named by a flag or by a variable, and the flag wins", () => {
  const readFile = (path: string): string => JSON.stringify({ port: path === "a.json" ? 1 : 2, jwt_secret: secret });
  expect(read({ env: { CONFAB_CONFIG: "b.json" }, readFile }).config.port).toBe(2);
  const both = read({ flags: { config: ["a.json"] }, env: { CONFAB_CONFIG: "b.json" }, readFile });
  expect(both.config.port).toBe(1);
  expect(both.secrets.jwtSecret).toBe(secret);
  expect(both.config).not.toHaveProperty("jwtSecret");
});

test("a file that is missing or no JSON is told with the other mistakes, and not quoted", () => {
  const missing = mistakesOf({ flags: { config: ["a.json"], port: ["x"] } });
  expect(missing).toStartWith("The configuration has 2 mistakes:\n");
  expect(missing).toContain("there is no a.json");
  expect(missing).toContain("--port");
  const broken = mistakesOf({ flags: { config: ["a.json"] }, readFile: () => '{"jwt_secret": hunter2}' });
  expect(broken).toContain("a.json: expected JSON");
  expect(broken).not.toContain("hunter2");
});

test("what two settings say against each other is a mistake", () => {
  expect(mistakesOf({ flags: { "jwt-audience": ["chat"] } })).toContain("no key to verify tokens");
  expect(mistakesOf({ flags: { "jwt-audience": ["chat"] }, env: { CONFAB_JWT_SECRET: secret } })).toBe("");
  expect(mistakesOf({ env: { CONFAB_DATABASE_TOKEN: "t" } })).toContain("set database");
  expect(mistakesOf({ flags: { port: ["80"], listen: ["81,82,81"] } })).toContain("a port twice: 81, 82, 81");
  expect(mistakesOf({ flags: { port: ["0"], listen: ["0"] } })).toBe("");
});

test("listen may name the first port too", () => {
  expect(read({ flags: { listen: ["8000,8080,9501"] } }).config).toMatchObject({ port: 8_000, listen: [8_080, 9_501] });
  expect(read({ flags: { port: ["0"], listen: ["0,0"] } }).config).toMatchObject({ port: 0, listen: [0, 0] });
});

test("values that only look right are refused", () => {
  const cases: Record<string, [string[], string[]]> = {
    host: [
      ["0.0.0.0", "::", "localhost", "chat.example.com"],
      ["", "a b", "http://a", "-a", "a:80"],
    ],
    "public-url": [
      ["https://chat.example.com", "http://localhost:8000"],
      ["https://a.b/", "https://a.b/c", "a.b", "HTTPS://a.b", "https://a.b:443", "ftp://a"],
    ],
    "allowed-origins": [
      ["https://a.b,capacitor://localhost", ""],
      ["*", "null", "https://a.b/", "https://*.a.b/x"],
    ],
    "trusted-proxies": [["10.0.0.0/8,::1"], ["10.0.0.0/40", "proxy"]],
    database: [
      ["", "libsql://a.turso.io", "http://127.0.0.1:8080"],
      ["file:a.db", "postgres://a", "libsql://a?authToken=t", "http://user:pass@a"],
    ],
    "jwks-url": [["https://a.b/keys?v=1"], ["a.b/keys", "file:///etc/passwd", "https://u:p@a.b/keys"]],
    data: [
      ["./a", "/var/lib/confab"],
      ["", " ", "a\0b"],
    ],
    "log-level": [["debug"], ["verbose"]],
  };
  for (const [flag, [good, bad]] of Object.entries(cases)) {
    for (const text of good) {
      expect(mistakesOf({ flags: { [flag]: [text] } })).toBe("");
    }
    for (const text of bad) {
      expect(mistakesOf({ flags: { [flag]: [text] } })).toContain(`--${flag}: expected`);
    }
  }
  expect(mistakesOf({ env: { CONFAB_JWT_SECRET: "secret" } })).toContain("openssl rand");
});

test("every default is a value that could be given, and every setting says what it does", () => {
  for (const [name, row] of Object.entries(settings)) {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(row.sentence).toEndWith(".");
  }
  expect(() => read()).not.toThrow();
  expect(configFlags.map(({ name }) => name)).toContain("connections-per-address-max");
});

test("the table shows each value, where it came from and how to change it, but no secret", () => {
  const text = renderSettings(read({ flags: { port: ["9000"] }, env: { CONFAB_JWT_SECRET: secret } }));
  expect(text).toContain("port = 9000  (from --port)\n");
  expect(text).toContain("--port, CONFAB_PORT: a whole number from 0 to 65535; default 8000\n");
  expect(text).toContain("ring_bytes_max = 32MiB\n");
  expect(text).toContain("jwt_secret = (set, not shown)  (from CONFAB_JWT_SECRET)\n");
  expect(text).toContain("jwt_issuer = (not set)\n");
  expect(text).not.toContain(secret);
  expect(text).not.toContain("--jwt-secret");
  expect(text.split("\n").filter((line) => / = /.test(line))).toHaveLength(Object.keys(settings).length);
});
