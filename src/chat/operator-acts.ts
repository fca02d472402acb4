/** What the command line asks for: checked here, whether it comes to a running server or to a stopped one. */

import { z } from "zod";
import { OperatorError } from "../lib/operator-error.ts";
import { problemText } from "../protocol/commands.ts";
import { ChatError } from "../protocol/errors.ts";
import type { Administration } from "./administration.ts";
import { peopleActSchema, runPeopleAct } from "./people-acts.ts";
import { roomActSchema, runRoomAct } from "./room-acts.ts";
import type { RoomAdministration } from "./room-administration.ts";

/** An act as the command line makes it. */
export type OperatorAct = z.input<typeof peopleActSchema> | z.input<typeof roomActSchema>;

/** What acts are done with. */
export interface OperatorParts {
  readonly administration: Administration;
  readonly rooms: RoomAdministration;
}

/** Those of rooms have it before their name. */
const roomPrefix = "room.";

/** Does it, and gives what is to be shown. Throws an OperatorError with what was wrong. */
export async function runOperatorAct({ administration, rooms }: OperatorParts, asked: unknown): Promise<unknown> {
  const { act } = checked(z.looseObject({ act: z.string() }), asked);
  try {
    return act.startsWith(roomPrefix)
      ? await runRoomAct(rooms, checked(roomActSchema, asked))
      : await runPeopleAct(administration, checked(peopleActSchema, asked));
  } catch (error) {
    if (error instanceof ChatError) throw new OperatorError(`${error.detail ?? error.message}.`, { cause: error });
    throw error;
  }
}

function checked<T extends z.ZodType>(schema: T, asked: unknown): z.output<T> {
  const { data, error } = schema.safeParse(asked);
  if (error !== undefined) throw new OperatorError(`${problemText(error)}.`);
  return data;
}
