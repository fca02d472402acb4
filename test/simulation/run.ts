/** Lives the lives of some seeds: `bun test/simulation/run.ts --seed 7` tells one, `--from 0 --count 100` counts. */
import { World } from "./world.ts";

const given = new Map<string, number>();
for (let at = 2; at + 1 < Bun.argv.length; at += 2) given.set(Bun.argv[at] ?? "", Number(Bun.argv[at + 1]));
const only = given.get("--seed");
const from = only ?? given.get("--from") ?? 0;
const count = only === undefined ? (given.get("--count") ?? 100) : 1;
const step = given.get("--step") ?? 1;
/** Violations after which it is enough. */
const enough = given.get("--enough") ?? 10;

let rejection: unknown;
process.on("unhandledRejection", (reason) => {
  rejection ??= reason;
});

const sum = { seeds: 0, events: 0, deliveries: 0, kills: 0, violations: [] as { seed: number; what: string }[] };
for (let turn = 0; turn < count; turn++) {
  const seed = from + turn * step;
  const world = new World(seed, { verbose: only !== undefined });
  try {
    world.run();
  } catch (error) {
    world.fail(`thrown: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, undefined);
  }
  // A rejection that nobody has taken is told by the runtime between two turns of its loop.
  await new Promise((resolve) => setImmediate(resolve));
  // Whatever else went wrong may have come of it.
  if (rejection !== undefined) world.violation = `unhandled rejection: ${Bun.inspect(rejection)}`;
  rejection = undefined;
  sum.seeds++;
  sum.events += world.timeline.steps;
  sum.deliveries += world.deliveries;
  sum.kills += world.kills;
  if (world.violation !== undefined) sum.violations.push({ seed, what: world.violation });
  if (sum.violations.length >= enough) break;
}
console.log(JSON.stringify(sum));
process.exit(sum.violations.length > 0 ? 1 : 0);
