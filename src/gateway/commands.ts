/** What each command of the protocol does: one function a method, most of them a line into the chat. */

import type { LiveRoom } from "../chat/live-room.ts";
import type { Marks } from "../chat/marks.ts";
import type { Messages, Sending, SendOutcome, SendWaiter } from "../chat/messages.ts";
import { sentText } from "../chat/message-operations.ts";
import type { OperationTable } from "../chat/operation.ts";
import { checkInput, isOperation, requireAllowed, runOperation } from "../chat/operations.ts";
import { outcomeOf } from "../chat/outcomes.ts";
import { viewFor, type Caller } from "../chat/policy.ts";
import type { Presence } from "../chat/presence.ts";
import type { RoomDirectory } from "../chat/room-directory.ts";
import type { Subscriptions } from "../chat/subscriptions.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Command, CommandOf } from "../protocol/commands.ts";
import { ChatError } from "../protocol/errors.ts";
import { clientInfoText, errorReply, reply } from "../protocol/frames.ts";
import { memberText } from "../protocol/json.ts";
import { isPlainSend } from "../protocol/message-operations.ts";
import type { Connection } from "./connection.ts";
import { spendQuietly, TooMany, type Allowance, type Rates } from "./rates.ts";
import type { SentNewsDoor } from "./sent-news.ts";
import { positionOf, type SignInDoor } from "./sign-in.ts";

/** What a `send` takes of a person's budget. */
const sent_news_cost = 0.2;

export interface CommandsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: RoomDirectory;
  readonly marks: Marks;
  readonly messages: Messages;
  readonly operations: OperationTable;
  readonly presence: Presence;
  readonly rates: Rates;
  readonly sentNews: SentNewsDoor;
  readonly signIn: SignInDoor;
  readonly subscriptions: Subscriptions;
}

/** What a send is answered with. */
interface Answering {
  readonly connection: Connection;
  readonly id: number;
  /** The message's id where it is an RPC; a `publish` is answered with an empty result. */
  readonly message: string | undefined;
}

/** Answers a send when its batch has come back. An object and not a closure: there is one for every message. */
class SendReply implements SendWaiter {
  readonly #answering: Answering;
  readonly #marks: Marks;

  constructor(answering: Answering, marks: Marks) {
    this.#answering = answering;
    this.#marks = marks;
  }

  settle(outcome: SendOutcome): void {
    const { connection, id, message } = this.#answering;
    const { code } = outcome;
    if (code !== "committed" && code !== "repeated") return connection.push(errorReply(id, code));
    this.#marks.wrote(connection.person, outcome);
    if (message === undefined) return connection.push(reply(id, "publish", "{}"));
    connection.push(reply(id, "rpc", `{"data":${sentText(outcome, message)}}`));
  }
}

function callerOf(connection: Connection): Caller {
  return {
    person: connection.person,
    grants: connection.grants,
    session: connection.session,
    scopes: connection.scopes,
    recipient: connection,
  };
}

/** An API key that is good for writing only hears nothing. */
function requireReading(connection: Connection): void {
  requireAllowed(callerOf(connection), { who: "person", scope: "read" });
}

export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** Runs a command of a connection that is ready. Never throws: what goes wrong is the reply. */
  run(connection: Connection, command: Command): void {
    connection.pending++;
    try {
      const work = this.#start(connection, command);
      if (work === undefined) return;
      work.catch((error: unknown) => this.#failed(connection, command.id, error));
    } catch (error) {
      this.#failed(connection, command.id, error);
    }
  }

  /** Whoever returns nothing has answered, or has handed the answering to a waiter. */
  #start(connection: Connection, command: Command): Promise<void> | undefined {
    switch (command.method) {
      case "publish":
        return this.#publish(connection, command);
      case "rpc":
        return this.#rpc(connection, command);
      case "subscribe":
        return this.#subscribe(connection, command);
      case "unsubscribe":
        this.#options.subscriptions.unsubscribe(connection, command.body.channel);
        return this.#answer(connection, reply(command.id, "unsubscribe", "{}"));
      case "history":
        return this.#history(connection, command);
      case "presence":
        return this.#presence(connection, command);
      case "presence_stats":
        return this.#presenceStats(connection, command);
      case "refresh":
        return this.#refresh(connection, command);
      case "ping":
        return this.#answer(connection, reply(command.id, "ping", "{}"));
      case "send":
        connection.pending--;
        return this.#send(connection, command);
      case "connect":
        throw new ChatError("bad_request", "this connection is connected already");
      case "sub_refresh":
        throw new ChatError("not_available", "subscriptions here do not expire");
    }
  }

  #answer(connection: Connection, line: string): undefined {
    connection.pending--;
    connection.push(line);
  }

  #failed(connection: Connection, id: number, error: unknown): void {
    connection.pending--;
    const { log } = this.#options;
    const outcome = outcomeOf(error, { log, event: "command_failed", facts: { client: connection.client, id } });
    connection.push(errorReply(id, outcome.code, outcome.detail));
    if (error instanceof TooMany && connection.refused(this.#options.clock.monotonic()))
      connection.close("too_many_requests");
  }

  #spend(connection: Connection, cost: number, budget: keyof Allowance = "sending"): void {
    const { clock, rates } = this.#options;
    connection.allowance ??= rates.of(connection.person.id, connection.address, true);
    spendQuietly(connection.allowance[budget], cost, clock.monotonic());
  }

  /** Nobody waits for an answer, and an error without an id would read as a ping. */
  #send(connection: Connection, { body }: CommandOf<"send">): undefined {
    try {
      this.#spend(connection, sent_news_cost);
      this.#options.sentNews.hear(connection, callerOf(connection), body.data);
    } catch (error) {
      if (!(error instanceof ChatError)) this.#options.log.error("send_failed", { client: connection.client, error });
      else if (error instanceof TooMany && connection.refused(this.#options.clock.monotonic()))
        connection.close("too_many_requests");
    }
  }

  #publish(connection: Connection, command: CommandOf<"publish">): Promise<void> | undefined {
    const { body, data, id } = command;
    this.#spend(connection, 1);
    const caller = callerOf(connection);
    requireAllowed(caller, this.#options.operations["message.send"]);
    if (data === undefined) throw new ChatError("bad_request", "data: expected JSON, got nothing");
    const input = { room: body.channel, id: "00000000-0000-7000-8000-000000000000", data: body.data };
    if (!isPlainSend(input)) checkInput("message.send", input);
    const sending = { room: body.channel, id: undefined, data };
    return this.#handOver(caller, sending, { connection, id, message: undefined });
  }

  /** From then on a send is the journal's, which has a bound of its own. */
  #handOver(caller: Caller, sending: Sending, of: Answering): Promise<void> | undefined {
    const { marks, messages } = this.#options;
    const { connection } = of;
    const looking = messages.send(caller, sending, new SendReply(of, marks));
    if (looking !== undefined) return looking.then(() => void connection.pending--);
    connection.pending--;
    return undefined;
  }

  #rpc(connection: Connection, command: CommandOf<"rpc">): Promise<void> | undefined {
    const { body, id } = command;
    const name = body.method ?? "";
    if (!isOperation(name)) throw new ChatError("unknown_method", `no operation ${JSON.stringify(name.slice(0, 60))}`);
    const { cost, scope } = this.#options.operations[name];
    this.#spend(connection, cost, scope === "read" ? "reading" : "sending");
    const text = command.data ?? "{}";
    const caller = callerOf(connection);
    if (name === "message.send") {
      requireAllowed(caller, this.#options.operations[name]);
      const input = isPlainSend(body.data) ? body.data : checkInput(name, body.data);
      const data = command.payload ?? memberText(text, "data") ?? "null";
      const sending = { room: input.room, id: input.id, data };
      return this.#handOver(caller, sending, { connection, id, message: input.id });
    }
    this.#options.rates.called(name, connection.person);
    return runOperation(this.#options.operations, name, { caller, input: body.data, text }).then((output) =>
      this.#answer(connection, reply(id, "rpc", `{"data":${output}}`)),
    );
  }

  async #subscribe(connection: Connection, command: CommandOf<"subscribe">): Promise<void> {
    this.#spend(connection, 1, "reading");
    requireReading(connection);
    const { channel, join_leave } = command.body;
    const asked = { channel, position: positionOf(command.body), joinLeave: join_leave === true };
    await this.#options.subscriptions.subscribe(connection, asked, (result) => {
      connection.send([reply(command.id, "subscribe", result)]);
    });
    connection.pending--;
  }

  async #history(connection: Connection, command: CommandOf<"history">): Promise<void> {
    this.#spend(connection, 2, "reading");
    requireReading(connection);
    const { channel, limit, since, reverse } = command.body;
    const asked = {
      channel,
      limit: limit ?? 0,
      since: since === undefined ? undefined : { offset: since.offset ?? 0, epoch: since.epoch ?? "" },
      reverse: reverse === true,
    };
    const result = await this.#options.messages.history(callerOf(connection), asked);
    this.#answer(connection, reply(command.id, "history", result));
  }

  async #presence(connection: Connection, command: CommandOf<"presence">): Promise<void> {
    this.#spend(connection, 2, "reading");
    const room = await this.#present(connection, command.body.channel);
    const present = this.#options.presence.connections(room);
    if (present === undefined) throw new ChatError("not_available", "the room is too big to list: ask presence_stats");
    const entries = present.map((one) => `"${one.client}":${clientInfoText(one)}`);
    this.#answer(connection, reply(command.id, "presence", `{"presence":{${entries.join(",")}}}`));
  }

  async #presenceStats(connection: Connection, command: CommandOf<"presence_stats">): Promise<void> {
    this.#spend(connection, 1, "reading");
    const { clients, users } = this.#options.presence.counts(await this.#present(connection, command.body.channel));
    this.#answer(connection, reply(command.id, "presence_stats", `{"num_clients":${clients},"num_users":${users}}`));
  }

  /** The live room of a channel that the connection may read. */
  async #present(connection: Connection, channel: string): Promise<LiveRoom> {
    const { directory } = this.#options;
    requireReading(connection);
    viewFor(callerOf(connection), await directory.access(connection.person, channel));
    return await directory.open(channel);
  }

  async #refresh(connection: Connection, command: CommandOf<"refresh">): Promise<void> {
    this.#spend(connection, 5, "reading");
    const result = await this.#options.signIn.refresh(connection, command.body.token);
    this.#answer(connection, reply(command.id, "refresh", result));
  }
}
