import { expect, test } from "bun:test";
import { createLog, type Fields, type Log, type LogOptions } from "../../../src/lib/log.ts";

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) };

function capture(options: Partial<LogOptions> = {}): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "json", clock, ...options, write: (line) => lines.push(line) });
  return { log, lines };
}

function logged(fields: Fields): Record<string, unknown> {
  const { log, lines } = capture();
  log.info("event", fields);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

test("an event is one JSON object on one line: time, level, event, fields", () => {
  const { log, lines } = capture();
  log.warn("slow consumer closed", { room: "abc", bytes: 12 });
  expect(lines).toEqual([
    '{"time":"2026-01-02T03:04:05.006Z","level":"warn","event":"slow consumer closed","room":"abc","bytes":12}',
  ]);
});

test("as text it is a line to read, with quotes where they are needed", () => {
  const { log, lines } = capture({ format: "text" });
  log.info("ready", { url: "http://127.0.0.1:8000", name: "a b", port: 8000, list: [1, 2] });
  expect(lines).toEqual(['03:04:05.006 INFO  ready url=http://127.0.0.1:8000 name="a b" port=8000 list=[1,2]']);
});

test("what is below the level is not written", () => {
  const { log, lines } = capture({ level: "warn" });
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["c", "d"]);
});

test("a child adds its fields to every line, and a line's own fields win", () => {
  const { log, lines } = capture();
  log.child({ node: 1, room: "a" }).child({ door: "socket" }).info("event", { room: "b" });
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ node: 1, room: "b", door: "socket" });
});

test("no field can pass for the time, the level or the event", () => {
  expect(logged({ level: "debug", event: "other", time: 0, kept: 1 })).toMatchObject({
    level: "info",
    event: "event",
    time: "2026-01-02T03:04:05.006Z",
    kept: 1,
  });
});

test("an error is written with its code, its stack and its causes, as text without the stack", () => {
  const error = Object.assign(new Error("outer", { cause: new Error("inner") }), { code: "E1" });
  const { error: written } = logged({ error }) as { error: Record<string, unknown> };
  expect(written).toMatchObject({ name: "Error", message: "outer", code: "E1", cause: { message: "inner" } });
  expect(written["stack"]).toContain("log.test.ts");

  const { log, lines } = capture({ format: "text" });
  log.error("failed", { error });
  expect(lines).toEqual(['03:04:05.006 ERROR failed error="outer (because: inner)"']);
});

test("text from strangers can neither break a line nor drive a terminal, and stays the same JSON", () => {
  const name = "a\nb\r\u001b[2J\u009b31m\u202e\u2028\u0000\u007f";
  for (const format of ["json", "text"] as const) {
    const { log, lines } = capture({ format });
    log.info(`event ${name}`, { name, [name]: 1 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
  }
  expect(logged({ name })["name"]).toBe(name);
});

test("it writes a line whatever the fields hold", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const selfCaused = new Error("loop");
  selfCaused.cause = selfCaused;
  let deep: unknown = 1;
  for (let level = 0; level < 10_000; level++) {
    deep = [deep];
  }
  const hostile = {
    get trap(): string {
      throw new Error("from a getter");
    },
  };
  for (const value of [
    circular,
    selfCaused,
    deep,
    hostile,
    10n,
    Symbol("s"),
    Number.NaN,
    () => 1,
    new Date(Number.NaN),
  ]) {
    for (const format of ["json", "text"] as const) {
      const { log, lines } = capture({ format });
      log.error("event", { value });
      expect(lines).toHaveLength(1);
      expect(lines[0]?.length).toBeLessThan(40_000);
    }
  }
  expect(logged(JSON.parse('{"__proto__": {"a": 1}, "b": 2}') as Fields)).toMatchObject({ b: 2 });
});

test("a long text and a long list are cut", () => {
  const written = logged({ text: "x".repeat(1_000_000), list: Array.from({ length: 1_000_000 }, () => 0) });
  expect(JSON.stringify(written).length).toBeLessThan(5_000);
  expect(written["text"]).toEndWith("… (1000000)");
});
