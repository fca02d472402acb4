/** Acts on people's accounts and on rooms: by the running server if there is one, else on its database, which the lock keeps for us. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createAccountParts } from "../chat/account-parts.ts";
import { Accounts } from "../chat/accounts.ts";
import { Audit } from "../chat/audit.ts";
import type { Commit } from "../chat/committed.ts";
import { Names } from "../chat/names.ts";
import { runOperatorAct, type OperatorAct } from "../chat/operator-acts.ts";
import { RoomAdministration } from "../chat/room-administration.ts";
import { readConfig } from "../config.ts";
import { publicPlace } from "../gateway/public-place.ts";
import { createLog } from "../lib/log.ts";
import { OperatorError } from "../lib/operator-error.ts";
import { assert } from "../lib/assert.ts";
import { openStorage } from "../store/database.ts";
import type { Surroundings } from "./command.ts";
import { askServer } from "./running-server.ts";

export async function operate(surroundings: Surroundings, act: OperatorAct): Promise<unknown> {
  const { config } = readConfig(surroundings);
  if (config.database === "") {
    const answer = await askServer(config.data, { path: "/act", body: act });
    if (answer !== undefined) return answer;
    if (!existsSync(join(config.data, "confab.db")))
      throw new OperatorError(`There is no database in ${config.data}: name its folder with --data.`);
  }
  return await actHere(surroundings, act);
}

/** Other nodes of a shared database find it there within two seconds. */
async function actHere(surroundings: Surroundings, act: OperatorAct): Promise<unknown> {
  const { clock, complain } = surroundings;
  const { config, secrets } = readConfig(surroundings);
  const log = createLog({ level: "warn", format: "text", clock, write: (line) => complain(`${line}\n`) });
  const remote = config.database === "" ? undefined : { url: config.database, token: secrets.databaseToken };
  const storage = await openStorage({ folder: config.data, remote, clock, log });
  try {
    const { committer, db } = storage;
    const { url: publicUrl } = publicPlace({
      publicUrl: config.publicUrl,
      allowed: config.allowedOrigins,
      host: config.host,
      tls: config.tlsCert !== undefined,
      ports: () => [config.port],
    });
    const hint = (): void => {};
    const audit = new Audit({ db, clock });
    const { administration } = createAccountParts({ audit, clock, db, hint, people: undefined, publicUrl });
    const commit: Commit = async (draft) => {
      const { outcomes } = await committer.commit([draft]);
      const [outcome] = outcomes;
      assert(outcome !== undefined, "a draft has an outcome");
      return outcome;
    };
    const accounts = new Accounts({ db, clock, names: new Names({ db, clock }) });
    const rooms = new RoomAdministration({ accounts, audit, clock, commit, db, publicUrl });
    return await runOperatorAct({ administration, rooms }, act);
  } finally {
    await storage.close();
  }
}
