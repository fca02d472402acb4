/**
 * The figures of several threads as those of one process: what has the same name and label is added up, or the highest is
 * taken where a sum would say nothing. Takes and gives the text format that `Metrics.render` writes.
 */
export function sumMetrics(texts: readonly string[], highest: ReadonlySet<string>): string {
  const heads = new Map<string, string[]>();
  const values = new Map<string, Map<string, number>>();
  let name = "";
  for (const line of texts.flatMap((text) => text.split("\n"))) {
    if (line.startsWith("# ")) {
      // "# HELP <name> …" opens a figure, and "# TYPE <name> …" follows.
      name = line.split(" ", 3)[2] ?? "";
      const head = heads.get(name) ?? [];
      if (!head.includes(line)) heads.set(name, [...head, line]);
      continue;
    }
    const space = line.lastIndexOf(" ");
    if (space < 0) continue;
    const series = values.get(name) ?? new Map<string, number>();
    values.set(name, series);
    const key = line.slice(0, space);
    const value = parse(line.slice(space + 1));
    const before = series.get(key);
    const both = before === undefined ? value : highest.has(name) ? Math.max(before, value) : before + value;
    series.set(key, both);
  }
  let text = "";
  for (const [figure, head] of heads) {
    text += `${head.join("\n")}\n`;
    for (const [key, value] of values.get(figure) ?? []) text += `${key} ${print(value)}\n`;
  }
  return text;
}

function parse(text: string): number {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

function print(value: number): string {
  return value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value);
}
