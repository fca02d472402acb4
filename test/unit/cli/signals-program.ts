import { leaveOnBug, stopSignal } from "../../../src/cli/signals.ts";

// The process that signals.test.ts sends signals to: what it does is its first argument.
const [, , behaviour] = process.argv;
leaveOnBug((error) => console.log(`last words: ${error instanceof Error ? error.message : String(error)}`));
const signal = stopSignal();
const alive = setInterval(() => {}, 1_000);
if (behaviour === "throw") {
  queueMicrotask(() => {
    throw new Error("thrown");
  });
}
if (behaviour === "reject") {
  void Promise.reject(new Error("rejected"));
}
console.log("ready");
console.log(await signal);
if (behaviour === "stop") {
  clearInterval(alive);
  process.exit(0);
}
