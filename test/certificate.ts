/** A certificate for tests, signed by itself. */

import { join } from "node:path";

export interface Certificate {
  /** Files in PEM form. */
  readonly cert: string;
  readonly key: string;
}

export function makeCertificate(folder: string, name = "127.0.0.1", days = 30): Certificate {
  const cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=IP:127.0.0.1`];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", String(days)];
  const argv = ["openssl", "req", ...kind, ...subject, "-keyout", key, "-out", cert];
  const { success, stderr } = Bun.spawnSync(argv);
  if (!success) throw new Error(`Expected openssl to make a certificate: ${stderr.toString()}`);
  return { cert, key };
}
