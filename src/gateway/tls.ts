/** Certificate and key from their files, checked before anybody gets them. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import type { Tls } from "./server.ts";

/** With less left than this a certificate is worth a word. */
export const certificate_soon_ms = 14 * 24 * 60 * 60 * 1000;

export interface TlsFiles {
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/**
 * What is in the files, and when the certificate ends; undefined where none is set. Throws an OperatorError for files that
 * no browser would accept.
 */
export function loadTls({ cert, key }: TlsFiles): { readonly pem: Tls; readonly ends_ms: number } | undefined {
  if (cert === undefined || key === undefined) return undefined;
  const pem = { cert: read("tls_cert", cert), key: read("tls_key", key) };
  const certificate = parse(`tls_cert: ${cert} is no certificate in PEM form.`, () => new X509Certificate(pem.cert));
  const secret = parse(`tls_key: ${key} is no private key in PEM form.`, () => createPrivateKey(pem.key));
  if (!certificate.checkPrivateKey(secret)) {
    throw new OperatorError(`tls_key: ${key} is not the key of the certificate in ${cert}.`);
  }
  return { pem, ends_ms: Date.parse(certificate.validTo) };
}

/** The same for a server: the log has a warning where the certificate ends soon. */
export function readTls(files: TlsFiles, { clock, log }: { clock: Clock; log: Log }): Tls | undefined {
  const loaded = loadTls(files);
  if (loaded === undefined) return undefined;
  const { pem, ends_ms } = loaded;
  if (ends_ms < clock.now() + certificate_soon_ms) {
    const at = new Date(ends_ms).toISOString();
    log.warn("certificate_ends", { file: files.cert, at, advice: "renew it, then SIGHUP" });
  }
  return pem;
}

/** Reads the files again and hands them over. What is wrong with them is logged: the certificate that there was stays. */
export function renewTls(files: TlsFiles, use: { clock: Clock; log: Log; take: (tls: Tls) => void }): void {
  let tls: Tls | undefined;
  try {
    tls = readTls(files, use);
  } catch (error) {
    return use.log.error("certificate_not_renewed", { error });
  }
  if (tls === undefined) use.log.warn("certificate_not_renewed", { reason: "there is none: tls_cert is not set" });
  else use.take(tls);
}

/** Puts a certificate to use, and tells. */
export function exchangeTls(tls: Tls, { log, take }: { log: Log; take: (tls: Tls) => void }): void {
  try {
    take(tls);
    log.info("certificate_renewed", { ends: new Date(new X509Certificate(tls.cert).validTo).toISOString() });
  } catch (error) {
    log.error("certificate_not_renewed", { error });
  }
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new OperatorError(`${setting}: cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function parse<T>(sentence: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new OperatorError(sentence, { cause });
  }
}
