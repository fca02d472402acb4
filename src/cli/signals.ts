/**
 * Resolves with the first SIGTERM or SIGINT. Whoever asks twice does not want to wait: the second one ends the process
 * at once with 1. As PID 1 of a container nothing would happen without these handlers.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (asked) {
        process.exit(1);
      }
      asked = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

/** Runs at each SIGHUP, which ends the process otherwise. */
export function onHangUp(run: () => void): void {
  process.on("SIGHUP", run);
}

/**
 * Ends the process with 1 after the last words, for an error that nobody caught. The words must be out when `say`
 * returns: in another turn of the event loop the server would go on to work with a state that is wrong.
 */
export function leaveOnBug(say: (error: unknown) => void): void {
  const leave = (error: unknown): void => {
    try {
      say(error);
    } finally {
      process.exit(1);
    }
  };
  process.on("uncaughtException", leave);
  process.on("unhandledRejection", leave);
}
