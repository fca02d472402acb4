/** What the server says, as clients read it: replies, pushes, and publications as the bytes that came. */

export interface ErrorBody {
  readonly code: number;
  readonly message: string;
  readonly temporary?: boolean;
}

/** A publication as it came: `text` is the whole of it, `data` the text of its data. */
export interface Publication {
  readonly seq: number;
  readonly text: string;
  readonly data: string;
  readonly user: string;
  /** The message's id; empty for other kinds of events. */
  readonly id: string;
  readonly kind: string;
  readonly at: number;
}

export interface Push {
  readonly channel?: string;
  readonly pub?: unknown;
  /** News that is not kept. */
  readonly message?: { readonly data: unknown };
  readonly join?: { readonly info: ClientInfo };
  readonly leave?: { readonly info: ClientInfo };
  readonly subscribe?: { readonly epoch: string; readonly offset?: number };
  readonly unsubscribe?: { readonly code: number; readonly reason: string };
}

export interface ClientInfo {
  readonly user: string;
  readonly client: string;
  readonly conn_info?: unknown;
}

export interface SubscribeResult {
  readonly epoch?: string;
  readonly offset?: number;
  readonly recovered?: boolean;
  readonly was_recovering?: boolean;
  readonly publications?: readonly { readonly offset: number; readonly data: unknown }[];
}

export interface ConnectResult {
  readonly client: string;
  readonly data: { readonly user: { id: string; name: string }; readonly epoch: string; readonly token?: string };
  readonly subs: Readonly<Record<string, SubscribeResult>>;
  readonly expires?: boolean;
  readonly ttl?: number;
  readonly ping: number;
  readonly pong: boolean;
}

export interface Reply {
  readonly id: number;
  readonly error?: ErrorBody;
  readonly connect?: ConnectResult;
  readonly subscribe?: SubscribeResult;
  readonly history?: {
    readonly publications: readonly { readonly offset: number; readonly data: unknown }[];
    readonly epoch: string;
    readonly offset: number;
  };
  readonly presence?: { readonly presence: Readonly<Record<string, ClientInfo>> };
  readonly presence_stats?: { readonly num_clients: number; readonly num_users: number };
  readonly rpc?: { readonly data: unknown };
  readonly publish?: object;
  readonly unsubscribe?: object;
  readonly ping?: object;
  readonly refresh?: { readonly ttl: number };
  /** The line as it came. */
  readonly text: string;
}

/** A line that came: a push, or a reply that nobody asked for by `request`. */
export interface Line {
  readonly text: string;
  readonly push?: Push;
  readonly id?: number;
  readonly error?: ErrorBody;
}

const publicationParts =
  /^\{"offset":(\d+),"data":(.*),"info":\{"user":"([^"]*)"\},"time":(\d+),"tags":\{(?:"id":"([^"]*)",)?"at":"\d+"(?:,"kind":"([^"]*)")?\}\}$/s;
const pushParts = /^\{"push":\{"channel":"([^"]*)","pub":(.*)\}\}$/s;

export function publicationOf(text: string): Publication {
  const parts = publicationParts.exec(text);
  if (parts === null) throw new Error(`Expected a publication; got ${text.slice(0, 300)}`);
  const [, seq, data, user, at, id, kind] = parts;
  return { seq: Number(seq), text, data: data ?? "", user: user ?? "", id: id ?? "", kind: kind ?? "", at: Number(at) };
}

/** The publications of a reply, cut apart where the next one begins. */
export function publicationsOf(text: string): Publication[] {
  const start = text.indexOf('"publications":[');
  if (start < 0) return [];
  // Data is free to hold what looks like a publication: the brackets have to be counted, strings left out.
  const texts: string[] = [];
  let depth = 0;
  let from = -1;
  for (let at = start + '"publications":['.length; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      while (text[++at] !== '"') if (text[at] === "\\") at++;
    } else if (char === "{" || char === "[") {
      if (depth++ === 0) from = at;
    } else if (char === "}" || char === "]") {
      if (depth-- === 0) break;
      if (depth === 0) texts.push(text.slice(from, at + 1));
    }
  }
  return texts.map(publicationOf);
}

/** A push of a publication: its channel and the publication's text; undefined for any other line. */
export function publicationPushOf(line: string): { readonly channel: string; readonly text: string } | undefined {
  const parts = pushParts.exec(line);
  return parts === null ? undefined : { channel: parts[1] ?? "", text: parts[2] ?? "" };
}
