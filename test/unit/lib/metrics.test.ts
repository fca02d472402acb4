import { expect, test } from "bun:test";
import { Metrics } from "../../../src/lib/metrics.ts";

test("counters, gauges and measures are rendered as Prometheus reads them", () => {
  const metrics = new Metrics();
  const sent = metrics.counter({ name: "confab_sent_total", help: "Messages sent." });
  const open = metrics.gauge({ name: "confab_connections", help: "Open connections." });
  metrics.measure({ name: "confab_ring_bytes", help: "A \\ and\na line." }, () => Number.POSITIVE_INFINITY);
  sent.add(1);
  sent.add(2.5);
  open.set(10);
  open.add(-3);
  expect(metrics.render()).toBe(
    [
      "# HELP confab_sent_total Messages sent.",
      "# TYPE confab_sent_total counter",
      "confab_sent_total 3.5",
      "# HELP confab_connections Open connections.",
      "# TYPE confab_connections gauge",
      "confab_connections 7",
      "# HELP confab_ring_bytes A \\\\ and\\na line.",
      "# TYPE confab_ring_bytes gauge",
      "confab_ring_bytes +Inf",
      "",
    ].join("\n"),
  );
  expect([sent.value, open.value]).toEqual([3.5, 7]);
});

test("a histogram counts each value in its bucket and renders the sums below each bound", () => {
  const metrics = new Metrics();
  const latency = metrics.histogram({ name: "commit_seconds", help: "Commits.", buckets: [0.25, 0.5, 1] });
  for (const value of [0.125, 0.25, 0.375, 1, 2]) {
    latency.observe(value);
  }
  expect(metrics.render().split("\n").slice(1)).toEqual([
    "# TYPE commit_seconds histogram",
    'commit_seconds_bucket{le="0.25"} 2',
    'commit_seconds_bucket{le="0.5"} 3',
    'commit_seconds_bucket{le="1"} 4',
    'commit_seconds_bucket{le="+Inf"} 5',
    "commit_seconds_sum 3.75",
    "commit_seconds_count 5",
    "",
  ]);
  expect(() => metrics.histogram({ name: "b", help: "", buckets: [2, 1] })).toThrow("rise");
});

test("a label's values are series of their own, escaped, also in a histogram", () => {
  const metrics = new Metrics();
  const closed = metrics.counter({ name: "closed_total", help: "", label: "reason" });
  closed.with("slow").add(2);
  closed.with("slow").add(1);
  closed.with('a"b\\c\nd').add(1);
  metrics
    .histogram({ name: "rpc", help: "", label: "method", buckets: [1] })
    .with("send")
    .observe(0.5);
  const text = metrics.render();
  expect(text).toContain('closed_total{reason="slow"} 3\n');
  expect(text).toContain('closed_total{reason="a\\"b\\\\c\\nd"} 1\n');
  expect(text).toContain('rpc_bucket{method="send",le="1"} 1\n');
  expect(text).toContain('rpc_count{method="send"} 1\n');
});

test("a stranger who invents label values grows nothing: they are counted together", () => {
  const metrics = new Metrics();
  const family = metrics.counter({ name: "requests_total", help: "", label: "path" });
  for (let index = 0; index < 10_000; index++) {
    family.with(`/${index}`).add(1);
  }
  const series = metrics
    .render()
    .split("\n")
    .filter((line) => line.startsWith("requests_total{"));
  expect(series).toHaveLength(101);
  expect(series.at(-1)).toBe('requests_total{path="other"} 9900');
});

test("a name is taken once, a counter never falls, and names are what Prometheus allows", () => {
  const metrics = new Metrics();
  const counter = metrics.counter({ name: "a_total", help: "" });
  expect(() => metrics.gauge({ name: "a_total", help: "" })).toThrow("registered once");
  expect(() => metrics.gauge({ name: "a-b", help: "" })).toThrow("letters");
  expect(() => metrics.counter({ name: "b", help: "", label: "le" })).toThrow("label");
  expect(() => counter.add(-1)).toThrow("only grows");
});
