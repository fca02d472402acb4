import { assert } from "./assert.ts";

/** The media type of what `render` returns. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

/** Label values beyond this many are counted together as "other", so that no stranger can grow the server's memory by them. */
const label_values_max = 100;

export interface Describe {
  /** As Prometheus wants it: `confab_` first, the unit last, and `_total` after it for a counter. */
  readonly name: string;
  /** One sentence for whoever reads the dashboard. */
  readonly help: string;
}

export interface Labelled {
  /** The one label's name. */
  readonly label: string;
}

/** One series a value of the label, made when it is first named. Keep what `with` returns where calls are frequent. */
export interface Family<T> {
  with(value: string): T;
}

/** A sum that only grows. */
export class Counter {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  add(amount: number): void {
    assert(amount >= 0, "a counter only grows");
    this.#value += amount;
  }

  lines(name: string, label: string): string {
    return `${name}${braces(label)} ${number(this.#value)}\n`;
  }
}

/** A value that goes up and down. */
export class Gauge {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  set(value: number): void {
    this.#value = value;
  }

  add(amount: number): void {
    this.#value += amount;
  }

  lines(name: string, label: string): string {
    return `${name}${braces(label)} ${number(this.#value)}\n`;
  }
}

/** How values are distributed over buckets with fixed upper bounds (inclusive). */
export class Histogram {
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    const rising = bounds.every((bound, index) => Number.isFinite(bound) && bound > (bounds[index - 1] ?? -Infinity));
    assert(bounds.length > 0 && rising, "the bounds of a histogram are finite and rise");
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) {
      bucket++;
    }
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  lines(name: string, label: string): string {
    let text = "";
    let count = 0;
    for (const [bucket, inBucket] of this.#counts.entries()) {
      count += inBucket;
      const bound = `le="${number(this.#bounds[bucket] ?? Infinity)}"`;
      text += `${name}_bucket${braces(label === "" ? bound : `${label},${bound}`)} ${count}\n`;
    }
    return `${text}${name}_sum${braces(label)} ${number(this.#sum)}\n${name}_count${braces(label)} ${count}\n`;
  }
}

type Series = Counter | Gauge | Histogram;

/**
 * The figures of one process, in the text format that Prometheus reads. Counting allocates nothing; all the work is in
 * `render`. A name is taken once: two parts that count under one name are a bug.
 */
export class Metrics {
  readonly #entries = new Map<string, () => string>();

  counter(describe: Describe & Labelled): Family<Counter>;
  counter(describe: Describe): Counter;
  counter(describe: Describe & Partial<Labelled>): Counter | Family<Counter> {
    return this.#add("counter", describe, () => new Counter());
  }

  gauge(describe: Describe & Labelled): Family<Gauge>;
  gauge(describe: Describe): Gauge;
  gauge(describe: Describe & Partial<Labelled>): Gauge | Family<Gauge> {
    return this.#add("gauge", describe, () => new Gauge());
  }

  /** A gauge whose value is asked for at each `render`: for what something else counts already. */
  measure(describe: Describe, read: () => number): void {
    this.#register("gauge", describe, () => `${describe.name} ${number(read())}\n`);
  }

  histogram(describe: Describe & Labelled & { readonly buckets: readonly number[] }): Family<Histogram>;
  histogram(describe: Describe & { readonly buckets: readonly number[] }): Histogram;
  histogram(
    describe: Describe & Partial<Labelled> & { readonly buckets: readonly number[] },
  ): Histogram | Family<Histogram> {
    return this.#add("histogram", describe, () => new Histogram(describe.buckets));
  }

  /** All of it, in the order of registration: Prometheus text exposition format 0.0.4. */
  render(): string {
    let text = "";
    for (const entry of this.#entries.values()) {
      text += entry();
    }
    return text;
  }

  #add<T extends Series>(type: string, describe: Describe & Partial<Labelled>, make: () => T): T | Family<T> {
    if (describe.label !== undefined) {
      const family = new SeriesFamily(describe.label, make);
      this.#register(type, describe, () => family.lines(describe.name));
      return family;
    }
    const series = make();
    this.#register(type, describe, () => series.lines(describe.name, ""));
    return series;
  }

  #register(type: string, { name, help }: Describe, lines: () => string): void {
    assert(/^[a-z_][a-z0-9_]*$/.test(name), `a metric's name has the letters a to z, digits and _, not ${name}`);
    assert(!this.#entries.has(name), `the metric ${name} is registered once`);
    const escaped = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
    const head = `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`;
    this.#entries.set(name, () => head + lines());
  }
}

class SeriesFamily<T extends Series> implements Family<T> {
  readonly #label: string;
  readonly #make: () => T;
  readonly #series = new Map<string, T>();

  constructor(label: string, make: () => T) {
    assert(/^[a-z_][a-z0-9_]*$/.test(label) && label !== "le", `a label's name has the letters a to z, not ${label}`);
    this.#label = label;
    this.#make = make;
  }

  with(value: string): T {
    const known = this.#series.get(value);
    if (known !== undefined) {
      return known;
    }
    if (this.#series.size >= label_values_max && value !== "other") {
      return this.with("other");
    }
    const series = this.#make();
    this.#series.set(value, series);
    return series;
  }

  lines(name: string): string {
    let text = "";
    for (const [value, series] of this.#series) {
      const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
      text += series.lines(name, `${this.#label}="${escaped}"`);
    }
    return text;
  }
}

function braces(label: string): string {
  return label === "" ? "" : `{${label}}`;
}

function number(value: number): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
