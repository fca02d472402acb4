/** Links that let somebody in, as rows: the one for the owner of the server, and those for new passwords. */

import { and, eq, isNull } from "drizzle-orm";
import type { NewInvite } from "../invites.ts";
import type { Database } from "../orm.ts";
import { invites } from "../schema.ts";
import { verifications } from "./schema.ts";

/** The owner's link, instead of any that was there. */
export async function replaceOwnerInvite(db: Database, invite: NewInvite): Promise<void> {
  await db.batch([
    db
      .update(invites)
      .set({ revoked_at: invite.created_at })
      .where(and(eq(invites.kind, "owner"), isNull(invites.revoked_at))),
    db.insert(invites).values(invite),
  ]);
}

/** Lets whoever has the token set a new password, as better-auth finds it: the name is hashed, and good once. */
export async function addPasswordReset(
  db: Database,
  reset: { id: string; identifier: string; account: string; at: number; expires_at: number },
): Promise<void> {
  const at = new Date(reset.at);
  const { id, identifier, account } = reset;
  const expiresAt = new Date(reset.expires_at);
  await db.insert(verifications).values({ id, identifier, value: account, expiresAt, createdAt: at, updatedAt: at });
}
