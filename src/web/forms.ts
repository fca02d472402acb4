/** Forms: labelled fields, one button, and one clear sentence where something went wrong. */

import { button, make } from "./elements.ts";
import { sentenceOf } from "./sentences.ts";

export interface FieldOptions {
  readonly label: string;
  readonly name: string;
  readonly type?: "text" | "password" | "email" | "search";
  readonly autocomplete?: AutoFill;
  readonly value?: string;
  readonly placeholder?: string;
  readonly hint?: string;
  readonly optional?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly digits?: boolean;
  /** The label is for those who cannot see the placeholder. */
  readonly labelHidden?: boolean;
}

export interface FormOptions {
  readonly fields: readonly FieldOptions[];
  readonly submit: string;
  /** What the button does. What it throws is shown, and the first field is ready for another try. */
  readonly run: (values: Readonly<Record<string, string>>) => Promise<void>;
  readonly danger?: boolean;
  /** One field with the button beside it. */
  readonly inline?: boolean;
}

let ids = 0;

function field(options: FieldOptions): HTMLElement {
  const { autocomplete = "off", hint, label, labelHidden, maxLength, minLength, name, type = "text" } = options;
  const id = `field-${++ids}`;
  const input = make("input", "");
  input.id = id;
  input.name = name;
  input.type = type;
  input.autocomplete = autocomplete;
  input.required = options.optional !== true;
  input.value = options.value ?? "";
  input.placeholder = options.placeholder ?? "";
  if (minLength !== undefined) input.minLength = minLength;
  if (maxLength !== undefined) input.maxLength = maxLength;
  if (options.digits === true) input.inputMode = "numeric";
  if (type !== "text" || autocomplete === "username") {
    input.autocapitalize = "off";
    input.spellcheck = false;
  }
  const caption = make("label", labelHidden === true ? "hidden" : "", label);
  caption.htmlFor = id;
  const whole = make("div", "form-field", caption, input);
  if (hint !== undefined) {
    const note = make("p", "form-note", hint);
    note.id = `${id}-note`;
    input.setAttribute("aria-describedby", note.id);
    whole.append(note);
  }
  return whole;
}

export function form(options: FormOptions): HTMLFormElement {
  const look = options.danger === true ? "primary danger" : options.inline === true ? "secondary" : "primary";
  const submit = make("button", look, options.submit);
  const problem = make("p", "problem");
  problem.role = "alert";
  const element = make(
    "form",
    options.inline === true ? "form inline" : "form",
    ...options.fields.map(field),
    problem,
    submit,
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    if (element.ariaBusy === "true") return;
    const entries = [...new FormData(element)].map(([name, value]) => [name, typeof value === "string" ? value : ""]);
    const values = Object.fromEntries(entries) as Record<string, string>;
    problem.textContent = "";
    element.ariaBusy = "true";
    options
      .run(values)
      .catch((error: unknown) => {
        problem.textContent = sentenceOf(error);
        element.querySelector("input")?.select();
      })
      .finally(() => (element.ariaBusy = "false"));
  });
  return element;
}

/** A button whose failure is told beside it. */
export function act(options: {
  readonly label: string;
  readonly className?: string;
  readonly run: () => Promise<void>;
  readonly problem: HTMLElement;
}): HTMLButtonElement {
  const element = button(options.className ?? "secondary", options.label, () => {
    element.disabled = true;
    options.problem.textContent = "";
    options
      .run()
      .catch((error: unknown) => (options.problem.textContent = sentenceOf(error)))
      .finally(() => (element.disabled = false));
  });
  return element;
}

/** Where what goes wrong is told. */
export function problemLine(): HTMLElement {
  const line = make("p", "problem");
  line.role = "alert";
  return line;
}
