/** The accounts' HTTP door, put together from the settings. */

import { AccountDoors, type AccountDoorsOptions, type AccountSettings } from "../chat/account-parts.ts";
import type { Rules } from "../chat/registration.ts";
import { AccountDoor } from "./account-door.ts";
import { Attempts } from "./attempts.ts";
import type { PublicPlace } from "./public-place.ts";

interface Config {
  readonly open: boolean;
  readonly sessionDays: number;
  readonly signInsPerAddressMax: number;
  readonly signInsPerAccountMax: number;
  readonly smtpUrl: string | undefined;
  readonly smtpFrom: string | undefined;
  readonly smtpUser: string | undefined;
  readonly oidcIssuer: string | undefined;
  readonly oidcClientId: string | undefined;
  readonly oidcScopes: readonly string[];
  readonly oidcSignUp: boolean;
  readonly oidcName: string;
}

interface Secrets {
  readonly accountSecret: string | undefined;
  readonly smtpPassword: string | undefined;
  readonly oidcClientSecret: string | undefined;
}

export interface AccountDoorParts extends Omit<AccountDoorsOptions, "origins" | "publicUrl" | "rules" | "settings"> {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly place: PublicPlace;
  readonly moderation: { readonly settings: Rules };
}

export function createAccountDoor(parts: AccountDoorParts): AccountDoor {
  const { clock, config, log, moderation, place } = parts;
  const { cookies, url: publicUrl } = place;
  const origins = (): readonly string[] => [...cookies.origins()];
  const accounts = new AccountDoors({
    ...parts,
    origins,
    publicUrl,
    rules: moderation.settings,
    settings: settingsOf(parts),
  });
  const { signInsPerAddressMax: per_address_max, signInsPerAccountMax: per_account_max } = config;
  const attempts = new Attempts({ clock, per_address_max, per_account_max });
  const { oidcName: providerName, open } = config;
  return new AccountDoor({ accounts, attempts, clock, cookies, log, open, providerName, publicUrl });
}

function settingsOf({ config, secrets }: AccountDoorParts): AccountSettings {
  const { oidcClientId: clientId, oidcIssuer: issuer, smtpFrom: from, smtpUrl: url, smtpUser: user } = config;
  const { accountSecret: secret, oidcClientSecret: clientSecret, smtpPassword: password } = secrets;
  const { oidcScopes: scopes, oidcSignUp: signUp, sessionDays } = config;
  const hasProvider = issuer !== undefined && clientId !== undefined && clientSecret !== undefined;
  return {
    sessionDays,
    secret,
    smtp: url === undefined || from === undefined ? undefined : { url, from, user, password },
    oidc: hasProvider ? { issuer, clientId, clientSecret, scopes, signUp } : undefined,
  };
}
