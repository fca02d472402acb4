/** `well` is only said; `advice` might be meant so; `wrong` will hurt. */
export interface Finding {
  readonly level: "well" | "advice" | "wrong";
  readonly what: string;
  /** What to do about it. */
  readonly todo?: string;
}
