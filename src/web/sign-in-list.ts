/** One's sign-ins, each with a way to end it. */

import type { OutputOf } from "../protocol/operations.ts";
import type { ChatClient } from "../sdk/chat-client.ts";
import { make } from "./elements.ts";
import { act, problemLine } from "./forms.ts";
import { sentenceOf } from "./sentences.ts";
import { momentWords } from "./times.ts";

type SignIn = OutputOf<"session.list">["sessions"][number];

/** "Firefox on Windows", as far as a browser tells. */
export function deviceWords(agent: string | null): string {
  const text = agent ?? "";
  const named = (pairs: readonly (readonly [RegExp, string])[]): string | undefined =>
    pairs.find(([pattern]) => pattern.test(text))?.[1];
  const browser = named([
    [/Edg/, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\//, "Firefox"],
    [/Chrom/, "Chrome"],
    [/Safari\//, "Safari"],
  ]);
  const system = named([
    [/iPhone|iPad/, "iOS"],
    [/Android/, "Android"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "macOS"],
    [/Linux|X11/, "Linux"],
  ]);
  if (browser === undefined) return "A program";
  return system === undefined ? browser : `${browser} on ${system}`;
}

export function signInList(client: ChatClient): HTMLElement {
  const problem = problemLine();
  const list = make("ul", "found");
  const draw = async (): Promise<void> => {
    const { sessions } = await client.call("session.list", {});
    list.replaceChildren(...sessions.map((one) => item(one)));
  };
  const item = (one: SignIn): HTMLElement => {
    const since = `since ${momentWords(new Date(one.created_at))}${one.address === null ? "" : `, from ${one.address}`}`;
    const words = make(
      "span",
      "found-words",
      make("span", "found-name", deviceWords(one.agent)),
      make("span", "found-more", since),
    );
    if (one.current) return make("li", "", words, make("span", "you", "this one"));
    const end = act({
      label: "End",
      className: "small secondary",
      problem,
      run: async () => {
        await client.call("session.revoke", { id: one.id });
        await draw();
      },
    });
    end.ariaLabel = `End: ${deviceWords(one.agent)}, ${since}`;
    return make("li", "", words, end);
  };
  draw().catch((error: unknown) => (problem.textContent = sentenceOf(error)));
  return make("div", "", problem, list);
}
