/** What a browser tells a page, for code that also runs where there is none. */

import type { Stop } from "./listeners.ts";

interface Target {
  readonly addEventListener?: (type: string, listener: () => void) => void;
  readonly removeEventListener?: (type: string, listener: () => void) => void;
}

const here = globalThis as unknown as Target & { readonly document?: Target & { readonly visibilityState?: string } };

function listen(target: Target | undefined, type: string, listener: () => void): Stop {
  target?.addEventListener?.(type, listener);
  return () => target?.removeEventListener?.(type, listener);
}

/** The page is going away, or to the back of the device, from where it may never return. */
export function onHidden(listener: () => void): Stop {
  const stops = [
    listen(here, "pagehide", listener),
    listen(here.document, "visibilitychange", () => {
      if (here.document?.visibilityState === "hidden") listener();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * The network as the Centrifuge client watches it. That somebody looks at the page again counts as being online again:
 * the next try to connect is then made at once and not after a wait that was made for nobody.
 */
export class NetworkTarget extends EventTarget {
  readonly #stops: readonly Stop[];

  constructor() {
    super();
    const forward = (type: string) => (): void => void this.dispatchEvent(new Event(type));
    this.#stops = [
      listen(here, "online", forward("online")),
      listen(here, "offline", forward("offline")),
      listen(here.document, "visibilitychange", () => {
        if (here.document?.visibilityState === "visible") this.dispatchEvent(new Event("online"));
      }),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }
}
