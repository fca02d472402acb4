/** More was found than one answer can hold: a libSQL server bounds each text, and all of an answer. */
export function isTooLarge(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "RESPONSE_TOO_LARGE" || error.code === "SQLITE_TOOBIG";
}
