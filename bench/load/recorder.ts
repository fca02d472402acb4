/** Keeps what each run of a workload gave, by subject, and the medians over the rounds. */

export interface Figures {
  readonly workload: string;
  readonly subject: string;
  /** By the name of the value (with its unit last), one number a round. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** Share of a core that something else may use before a figure is worth little. */
export const others_cpu_max = 0.2;

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export class Recorder {
  readonly #figures = new Map<string, { workload: string; subject: string; values: Record<string, number[]> }>();

  add(of: { workload: string; subject: string }, values: Readonly<Record<string, number | undefined>>): void {
    const key = `${of.workload}\n${of.subject}`;
    const figures = this.#figures.get(key) ?? { ...of, values: {} };
    this.#figures.set(key, figures);
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined && Number.isFinite(value)) (figures.values[name] ??= []).push(value);
    }
  }

  median(workload: string, subject: string, value: string): number | undefined {
    return median(this.#figures.get(`${workload}\n${subject}`)?.values[value] ?? []);
  }

  get all(): readonly Figures[] {
    return [...this.#figures.values()];
  }
}

/** How many runs of a load there were, and how many of them had to share the machine with something else. */
export function disturbance(figures: readonly Figures[]): { runs: number; disturbed: number } {
  const shares = figures.flatMap(({ values }) => values["others_cpu"] ?? []);
  return { runs: shares.length, disturbed: shares.filter((share) => share > others_cpu_max).length };
}

/** A piece of the benchmark. Each round runs every task with fresh processes; the order is reversed from round to round. */
export interface Task {
  readonly name: string;
  /** In further rounds it is left out: it takes long, or nothing is compared with it. */
  readonly rounds_max?: number;
  run(recorder: Recorder): Promise<void>;
}
