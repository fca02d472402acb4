/** What `confab doctor` says about settings that are right each and odd together. */

import type { Configuration } from "../config.ts";
import type { Finding } from "./doctor-finding.ts";

const loopback = /^(127\.|::1$|localhost$)/;

export function examineSettings(asked: Configuration): Finding[] {
  const findings = [...reach(asked), ...signIn(asked), ...keeping(asked)];
  return findings.length > 0 ? findings : [{ level: "well", what: "they fit together" }];
}

/** Who comes how: host, proxy, TLS, origins. */
function reach({ config }: Configuration): Finding[] {
  const findings: Finding[] = [];
  const isLocal = loopback.test(config.host);
  const hasTls = config.tlsCert !== undefined;
  if (!isLocal && !hasTls && config.trustedProxies.length === 0) {
    const what = `other machines reach ${config.host} without encryption`;
    const todo =
      "put a proxy with TLS in front (docs/operations.md) and set trusted_proxies, or set tls_cert and tls_key";
    findings.push({ level: "advice", what, todo });
  }
  if (config.trustedProxies.length > 0 && config.publicUrl === undefined) {
    const what = "trusted_proxies is set and public_url is not: pages may be refused as those of another origin";
    findings.push({ level: "advice", what, todo: "set public_url to what people's browsers show" });
  }
  if (config.publicUrl !== undefined && isLocal && config.trustedProxies.length === 0) {
    const what = "public_url is set and trusted_proxies is not: all clients look like one address, that of the proxy";
    findings.push({ level: "advice", what, todo: "set trusted_proxies to 127.0.0.1,::1 or where the proxy is" });
  }
  if (config.publicUrl?.startsWith("http://") === true) {
    const what = `public_url is ${config.publicUrl}: what people write and their tokens can be read on the way`;
    findings.push({ level: "advice", what, todo: "serve it by https" });
  }
  return findings;
}

function signIn({ config, secrets }: Configuration): Finding[] {
  const findings: Finding[] = [];
  const hasKey = secrets.jwtSecret !== undefined || config.jwtPublicKey !== undefined || config.jwksUrl !== undefined;
  if (hasKey && config.jwtAudience === undefined) {
    const what = "jwt_audience is not set: a token that the same key signed for another service is good here";
    findings.push({ level: "advice", what, todo: "put an aud into the tokens and set jwt_audience to it" });
  }
  if (!hasKey && !config.open) {
    const what = "nobody can sign in: there is no key for tokens, and guests are not let in";
    findings.push({ level: "wrong", what, todo: "set jwt_secret, jwt_public_key or jwks_url, or start with --open" });
  }
  if (config.open && !loopback.test(config.host)) {
    const what = "anybody who reaches the server may come in and write (--open)";
    findings.push({ level: "advice", what, todo: "leave it so only where that is meant" });
  }
  return findings;
}

function keeping({ config }: Configuration): Finding[] {
  if (config.database !== "" || config.backupEveryMinutes > 0) return [];
  const todo = "set backup_folder (on another disk) and backup_every_minutes, or run confab backup by a timer of yours";
  return [{ level: "advice", what: "the server makes no backups by itself", todo }];
}
