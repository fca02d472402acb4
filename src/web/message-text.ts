/** A message's words as nodes: text, and links to web addresses. */

import { make } from "./elements.ts";

const address = /https?:\/\/[^\s<>"]+/gu;
/** What ends a sentence, and not an address. */
const trailing = /[.,;:!?'")\]]+$/u;

export function textNodes(text: string): (Node | string)[] {
  const nodes: (Node | string)[] = [];
  let done = 0;
  for (const match of text.matchAll(address)) {
    const href = match[0].replace(trailing, "");
    if (!URL.canParse(href)) continue;
    nodes.push(text.slice(done, match.index), link(href));
    done = match.index + href.length;
  }
  nodes.push(text.slice(done));
  return nodes;
}

function link(href: string): HTMLElement {
  const element = make("a", "", href);
  element.href = href;
  element.target = "_blank";
  element.rel = "noopener noreferrer";
  return element;
}

/** What to show of a message's data. Other applications may write other JSON into a room. */
export function wordsOf(data: unknown): string {
  if (typeof data === "object" && data !== null && "text" in data && typeof data.text === "string") return data.text;
  return JSON.stringify(data, null, 2);
}
