/** A question before something is done: whether, and sometimes why. */

import { make } from "./elements.ts";
import { form, type FieldOptions } from "./forms.ts";
import { Sheet } from "./sheet.ts";

export interface Question {
  readonly title: string;
  readonly words: string;
  readonly submit: string;
  readonly danger?: boolean;
  readonly field?: FieldOptions;
  readonly run: (values: Readonly<Record<string, string>>) => Promise<void>;
}

export function askFirst(question: Question): void {
  const { danger = false, field, run, submit, title, words } = question;
  const sheet = new Sheet({ title });
  const answer = form({
    fields: field === undefined ? [] : [field],
    submit,
    danger,
    run: async (values) => {
      await run(values);
      sheet.close();
    },
  });
  sheet.show(make("p", "sheet-words", words), answer);
  if (field === undefined) answer.querySelector("button")?.focus();
}

const told_ms = 4_000;

/** One sentence that goes away by itself: that something was done, or what was wrong with it. */
export function tell(sentence: string, kind: "done" | "problem" = "done"): void {
  const toast = make("div", `toast ${kind}`, sentence);
  toast.role = kind === "done" ? "status" : "alert";
  toast.popover = "manual";
  document.body.append(toast);
  toast.showPopover();
  setTimeout(() => toast.remove(), told_ms);
}
