/** One operation of the table: who may call it, what it costs, what it does. */

import type { CheckedInput, OperationName } from "../protocol/operations.ts";
import type { Scope } from "../protocol/roles.ts";
import type { Caller } from "./policy.ts";

export interface Asked<N extends OperationName> {
  readonly caller: Caller;
  readonly input: CheckedInput<N>;
  /** The input as text, without insignificant whitespace: what is stored is cut out of it. */
  readonly text: string;
}

export interface Operation<N extends OperationName> {
  /** Who may call it at all; rooms have their own rights beside. `account` is anybody but a guest. */
  readonly who: "person" | "account" | "administrator" | "owner";
  /** What an API key must be good for. */
  readonly scope: Scope;
  /** What it takes from the caller's budget; a message costs 1. */
  readonly cost: number;
  readonly run: (asked: Asked<N>) => Promise<unknown>;
}

export type OperationTable = { readonly [N in OperationName]: Operation<N> };

/** A part of the table, by the names of one file of shapes. */
export type Operations<Shapes> = { readonly [N in keyof Shapes & OperationName]: Operation<N> };
