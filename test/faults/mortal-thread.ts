/** The real storage thread, which can also be told to die: by an error that nobody catches. */

import "../../src/store/thread.ts";

addEventListener("message", (event: MessageEvent<unknown>) => {
  if (event.data === "die")
    queueMicrotask(() => {
      throw new Error("told to die");
    });
});
