/** A gateway thread that opens, answers nobody, and dies when it is told of an alarm. */

import type { FromGateway, ToGateway } from "../../src/gateways.ts";

declare const self: Worker;

function post(message: FromGateway): void {
  self.postMessage(message);
}

self.onmessage = ({ data }: MessageEvent<ToGateway>) => {
  if (data.op === "open") {
    if (data.opening.version === "dies at once") throw new Error("told to die");
    post({ op: "opened", url: "http://127.0.0.1:1" });
  }
  if (data.op === "alarm") throw new Error("told to die");
};

post({ op: "ready" });
