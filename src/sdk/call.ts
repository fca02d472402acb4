/** Operations of the chat, typed by the protocol's table. */

import type { Centrifuge } from "centrifuge";
import type { InputOf, OperationName, OutputOf } from "../protocol/operations.ts";
import { failureOf } from "./failures.ts";

/** Rejects with a ChatError of the protocol's table, or with a ConnectionError where no answer came. */
export type Call = <N extends OperationName>(name: N, input: InputOf<N>) => Promise<OutputOf<N>>;

export function callOver(centrifuge: Centrifuge): Call {
  return async <N extends OperationName>(name: N, input: InputOf<N>) => {
    try {
      const result: { data: OutputOf<N> } = await centrifuge.rpc(name, input);
      return result.data;
    } catch (error) {
      throw failureOf(error);
    }
  };
}
