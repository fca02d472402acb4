/** Bytes in. Synchronous from the first to the last: asynchronous handlers of one socket would overlap. */

import type { People } from "../chat/people.ts";
import type { Resume } from "../chat/resume.ts";
import type { Subscriptions } from "../chat/subscriptions.ts";
import type { Clock } from "../lib/clock.ts";
import { decodeLine, type Command } from "../protocol/commands.ts";
import { errorReply } from "../protocol/frames.ts";
import { commands_pending_max, commands_per_frame_max, waiting_chars_max } from "../protocol/limits.ts";
import type { Commands } from "./commands.ts";
import type { Connection } from "./connection.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { SignInDoor } from "./sign-in.ts";

export interface SocketsOptions {
  readonly clock: Clock;
  readonly commands: Commands;
  readonly heartbeat: Heartbeat;
  readonly people: People;
  readonly resume: Resume;
  readonly signIn: SignInDoor;
  readonly subscriptions: Subscriptions;
  /** Of one connection, pings and pongs too. */
  readonly lines_per_second_max: number;
}

/** Messages have a bound of their own, the journal's, so that a long row of them keeps its order. */
function isSend(command: Command): boolean {
  return command.method === "publish" || (command.method === "rpc" && command.body.method === "message.send");
}

export class Sockets {
  readonly #options: SocketsOptions;
  readonly #open = new Set<Connection>();

  constructor(options: SocketsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  all(): Iterable<Connection> {
    return this.#open;
  }

  opened(connection: Connection): void {
    this.#open.add(connection);
    this.#options.heartbeat.add(connection);
  }

  received(connection: Connection, frame: string | Uint8Array): void {
    const now_ms = this.#options.clock.monotonic();
    connection.heard_ms = now_ms;
    if (typeof frame !== "string") return connection.close("bad_request");
    const lines = frame.split("\n");
    // A frame may end with the newline that joins its commands.
    if (lines.length > 1 && lines.at(-1) === "") lines.pop();
    if (lines.length > commands_per_frame_max) return connection.close("bad_request");
    if (connection.received(lines.length, now_ms) > this.#options.lines_per_second_max)
      return connection.close("too_many_requests");
    for (const line of lines) {
      if (connection.state === "closed") return;
      this.#line(connection, line);
    }
  }

  /** The socket has taken what it was given. */
  drained(connection: Connection): void {
    if (connection.signedIn) this.#options.resume.drained(connection);
  }

  /** Not everybody takes what is published. */
  someoneIsBehind(): void {
    this.#options.heartbeat.someoneIsBehind();
  }

  closed(connection: Connection): void {
    if (connection.state === "closed") return;
    connection.state = "closed";
    this.#open.delete(connection);
    this.#options.heartbeat.remove(connection);
    if (!connection.signedIn) return;
    this.#options.subscriptions.disconnected(connection);
    this.#options.people.exit(connection);
  }

  #line(connection: Connection, text: string): void {
    const line = decodeLine(text);
    switch (line.kind) {
      case "pong":
        if (connection.ponged()) this.drained(connection);
        return;
      case "breach":
        return connection.close("bad_request");
      case "refused":
        return this.#refused(connection, errorReply(line.id, line.code, line.detail));
      case "command":
        return this.#command(connection, line.command, text.length);
    }
  }

  #refused(connection: Connection, line: string): void {
    connection.push(line);
    if (connection.erred(this.#options.clock.monotonic())) connection.close("too_many_errors");
  }

  #command(connection: Connection, command: Command, chars: number): void {
    switch (connection.state) {
      case "fresh":
        if (command.method !== "connect") return connection.close("bad_request");
        void this.#options.signIn.connect(connection, command).then(() => this.#resume(connection));
        return;
      case "signing_in":
        connection.waiting ??= [];
        connection.waiting_chars += chars;
        if (connection.waiting.length >= commands_pending_max || connection.waiting_chars > waiting_chars_max)
          return connection.close("too_many_requests");
        connection.waiting.push(command);
        return;
      case "ready":
        return this.#run(connection, command);
      case "closed":
        break;
    }
  }

  #run(connection: Connection, command: Command): void {
    if (connection.pending >= commands_pending_max && !isSend(command)) {
      return connection.push(errorReply(command.id, "too_many_requests"));
    }
    this.#options.commands.run(connection, command);
  }

  /** Runs what came while the sign-in was worked on, in its order. */
  #resume(connection: Connection): void {
    const waiting = connection.waiting ?? [];
    connection.waiting = undefined;
    connection.waiting_chars = 0;
    if (connection.state === "ready") this.#options.heartbeat.knows(connection);
    for (const command of waiting) {
      if (connection.state === "ready") this.#run(connection, command);
      else if (connection.state === "fresh") connection.push(errorReply(command.id, "unauthorized"));
    }
  }
}
