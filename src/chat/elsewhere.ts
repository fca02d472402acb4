/** Who is in a room by other nodes, as each of them last announced it. */

export interface PresentConnection {
  readonly user: string;
  readonly client: string;
  readonly connInfo: string | undefined;
}

/** What a node says of its own connections in a room, numbered so that a lost announcement is noticed. */
export interface Announcement {
  /** Rises by one with each of the node's announcements of the room, and by more where it begins anew. */
  readonly k: number;
  /** This is all, and not what has changed since the one before. */
  readonly whole: boolean;
  readonly came: readonly PresentConnection[];
  /** Their `client`. */
  readonly went: readonly string[];
  /** Instead of connections, where there are too many to list. */
  readonly counts?: Counts | undefined;
}

export interface Counts {
  readonly clients: number;
  readonly users: number;
}

/** People who are in the room by other nodes now and were not before, and the other way round. */
export interface Movement {
  readonly came: PresentConnection[];
  readonly went: PresentConnection[];
  /** An announcement was lost: the node should say all. */
  readonly gap: boolean;
}

interface Leases {
  k: number;
  readonly connections: Map<string, PresentConnection>;
  counts: Counts | undefined;
}

export class Elsewhere {
  /** By the run id of the node. */
  readonly #nodes = new Map<string, Leases>();
  /** The last number of each run, that of one who has nobody here included. */
  readonly #heard = new Map<string, number>();
  /** Connections of each user, of all other nodes. */
  readonly #users = new Map<string, number>();

  has(user: string): boolean {
    return this.#users.has(user);
  }

  users(): Iterable<string> {
    return this.#users.keys();
  }

  *connections(): Generator<PresentConnection> {
    for (const { connections } of this.#nodes.values()) yield* connections.values();
  }

  /** Some node has too many to list them. */
  get isCounted(): boolean {
    for (const { counts } of this.#nodes.values()) if (counts !== undefined) return true;
    return false;
  }

  /** Connections, and those people that were counted and not listed. */
  get counts(): Counts {
    let clients = 0;
    let users = 0;
    for (const node of this.#nodes.values()) {
      clients += node.counts?.clients ?? node.connections.size;
      users += node.counts?.users ?? 0;
    }
    return { clients, users };
  }

  heard(run: string, announcement: Announcement): Movement {
    const { k, whole, came, went, counts } = announcement;
    // What a broken connection held back may arrive long after what was said on the next one.
    if (k <= (this.#heard.get(run) ?? -1)) return { came: [], went: [], gap: false };
    this.#heard.set(run, k);
    let node = this.#nodes.get(run);
    const gap = !whole && k !== (node?.k ?? 0) + 1;
    if (node === undefined) this.#nodes.set(run, (node = { k, connections: new Map(), counts: undefined }));
    node.k = k;
    node.counts = counts;
    const before = new Map<string, PresentConnection | undefined>();
    if (whole) {
      const now = new Set(came.map(({ client }) => client));
      for (const client of node.connections.keys()) if (!now.has(client)) this.#remove(node, client, before);
    }
    for (const connection of came) this.#add(node, connection, before);
    for (const client of went) this.#remove(node, client, before);
    if (node.connections.size === 0 && counts === undefined) this.#nodes.delete(run);
    return { ...this.#moved(before), gap };
  }

  /** A node is gone. */
  drop(run: string): Movement {
    const node = this.#nodes.get(run);
    const before = new Map<string, PresentConnection | undefined>();
    for (const client of node?.connections.keys() ?? []) if (node !== undefined) this.#remove(node, client, before);
    this.#nodes.delete(run);
    this.#heard.delete(run);
    return { ...this.#moved(before), gap: false };
  }

  #add(node: Leases, connection: PresentConnection, before: Map<string, PresentConnection | undefined>): void {
    if (node.connections.has(connection.client)) return;
    const { user } = connection;
    const count = this.#users.get(user) ?? 0;
    if (!before.has(user)) before.set(user, count > 0 ? connection : undefined);
    node.connections.set(connection.client, connection);
    this.#users.set(user, count + 1);
    this.#last.set(user, connection);
  }

  #remove(node: Leases, client: string, before: Map<string, PresentConnection | undefined>): void {
    const connection = node.connections.get(client);
    if (connection === undefined) return;
    const { user } = connection;
    node.connections.delete(client);
    const count = this.#users.get(user) ?? 1;
    if (!before.has(user)) before.set(user, connection);
    if (count > 1) this.#users.set(user, count - 1);
    else this.#users.delete(user);
    this.#last.set(user, connection);
  }

  /** A connection of each user that moved in this announcement, to be named in the news. */
  readonly #last = new Map<string, PresentConnection>();

  #moved(before: ReadonlyMap<string, PresentConnection | undefined>): Pick<Movement, "came" | "went"> {
    const came: PresentConnection[] = [];
    const went: PresentConnection[] = [];
    for (const [user, was] of before) {
      const connection = this.#last.get(user);
      const isHere = this.#users.has(user);
      if (connection === undefined || isHere === (was !== undefined)) continue;
      (isHere ? came : went).push(connection);
    }
    this.#last.clear();
    return { came, went };
  }
}
