/** Who is here and what goes by between them: puts together the parts of the chat that are no log. */

import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Appender } from "../store/appender.ts";
import type { Database } from "../store/orm.ts";
import { Lines } from "./lines.ts";
import { Marks } from "./marks.ts";
import type { Nodes } from "./nodes.ts";
import { Online } from "./online.ts";
import { Passing } from "./passing.ts";
import type { People } from "./people.ts";
import type { Presence } from "./presence.ts";
import type { RoomDirectory } from "./room-directory.ts";
import { RoomLists } from "./room-lists.ts";
import { Statuses } from "./statuses.ts";

export interface CompanyOptions {
  readonly clock: Clock;
  readonly db: Database;
  readonly directory: RoomDirectory;
  readonly journal: Appender;
  readonly log: Log;
  readonly nodes: Nodes | undefined;
  readonly people: People;
  readonly presence: Presence;
  readonly deliver: (topic: string, frame: string) => void;
  /** Other nodes should look into the database. */
  readonly hint: () => void;
}

export interface Company {
  readonly lines: Lines;
  readonly lists: RoomLists;
  readonly marks: Marks;
  readonly online: Online;
  readonly passing: Passing;
  readonly statuses: Statuses;
  /** Writes what waits to be written: the server stops. */
  finish(): Promise<void>;
}

export function createCompany(options: CompanyOptions): Company {
  const { clock, db, deliver, directory, hint, journal, log, nodes, people, presence } = options;
  const lines = new Lines({
    clock,
    db,
    deliver,
    directory,
    log,
    people,
    tell: nodes === undefined ? undefined : (told) => nodes.lines(told),
  });
  const marks = new Marks({ clock, directory, journal, lines });
  const passing = new Passing({
    clock,
    deliver,
    presence,
    pending: () => journal.pending,
    tell: nodes === undefined ? undefined : (room, texts) => nodes.passing(room, texts),
  });
  const online: Online = new Online({
    clock,
    people,
    announce: nodes === undefined ? undefined : (announcement) => nodes.online(announcement),
    left: (person) => statuses.left(person),
  });
  const statuses = new Statuses({ clock, db, hint, log, online, passing, people, presence });
  const lists = new RoomLists({ client: db.$client, marks });
  return {
    lines,
    lists,
    marks,
    online,
    passing,
    statuses,
    async finish() {
      online.flush();
      await Promise.all([marks.flush(), statuses.flush()]);
    },
  };
}
