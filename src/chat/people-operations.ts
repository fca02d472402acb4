/** The operations on people, and on who is here. */

import type { peopleShapes } from "../protocol/people-operations.ts";
import type { Names } from "./names.ts";
import type { Operations } from "./operation.ts";
import { isShown } from "./people.ts";
import { viewFor } from "./policy.ts";
import { listed_people_max, type Presence } from "./presence.ts";
import type { RoomDirectory } from "./room-directory.ts";
import type { Statuses } from "./statuses.ts";

export interface PeopleOperationsOptions {
  readonly directory: RoomDirectory;
  readonly names: Names;
  readonly presence: Presence;
  readonly statuses: Statuses;
}

export function peopleOperations(options: PeopleOperationsOptions): Operations<typeof peopleShapes> {
  const { directory, names, presence, statuses } = options;
  const read = { who: "person", scope: "read" } as const;
  return {
    "presence.list": {
      ...read,
      cost: 2,
      run: async ({ caller, input }) => {
        viewFor(caller, await directory.access(caller.person, input.room));
        const room = await directory.open(input.room);
        const { clients, users } = presence.counts(room);
        const here = users > listed_people_max ? [] : [...room.people.keys()].filter(isShown);
        const listed = here.map(({ id, name }) => ({ id, name }));
        const others = users > listed_people_max ? [] : presence.usersElsewhere(room);
        if (others.length > 0) listed.push(...(await names.of(others)));
        return { users: listed, count: users, connections: clients };
      },
    },
    "user.get": { ...read, cost: 2, run: async ({ input }) => ({ users: await names.of(new Set(input.ids)) }) },
    "user.find": { who: "account", scope: "read", cost: 3, run: ({ input }) => statuses.find(input) },
    "status.set": {
      who: "person",
      scope: "write",
      cost: 5,
      run: ({ caller, input }) => statuses.set(caller, input),
    },
    "status.get": { ...read, cost: 2, run: ({ caller, input }) => statuses.get(caller, input.ids) },
  };
}
