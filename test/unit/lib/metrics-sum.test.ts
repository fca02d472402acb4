import { expect, test } from "bun:test";
import { Metrics } from "../../../src/lib/metrics.ts";
import { sumMetrics } from "../../../src/lib/metrics-sum.ts";

function figures(n: number): string {
  const metrics = new Metrics();
  metrics.counter({ name: "c_total", help: "C." }).add(n);
  const kinds = metrics.counter({ name: "kinds_total", help: "Kinds.", label: "kind" });
  kinds.with("same").add(n);
  kinds.with(`only ${n}`).add(1);
  metrics.measure({ name: "age", help: "Age." }, () => n);
  metrics.histogram({ name: "h", help: "H.", buckets: [1, 10] }).observe(n);
  return metrics.render();
}

test("adds up what has the same name and label, and takes the highest where a sum says nothing", () => {
  const own = new Metrics();
  own.counter({ name: "own_total", help: "Own." }).add(7);
  expect(sumMetrics([own.render(), figures(1), figures(5)], new Set(["age"]))).toBe(
    [
      "# HELP own_total Own.",
      "# TYPE own_total counter",
      "own_total 7",
      "# HELP c_total C.",
      "# TYPE c_total counter",
      "c_total 6",
      "# HELP kinds_total Kinds.",
      "# TYPE kinds_total counter",
      'kinds_total{kind="same"} 6',
      'kinds_total{kind="only 1"} 1',
      'kinds_total{kind="only 5"} 1',
      "# HELP age Age.",
      "# TYPE age gauge",
      "age 5",
      "# HELP h H.",
      "# TYPE h histogram",
      'h_bucket{le="1"} 1',
      'h_bucket{le="10"} 2',
      'h_bucket{le="+Inf"} 2',
      "h_sum 6",
      "h_count 2",
      "",
    ].join("\n"),
  );
});
