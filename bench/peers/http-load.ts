/** HTTP load by autocannon: takes a job as JSON, takes requests in turn, prints a report as JSON. Runs on Node. */

interface HttpJob {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly requests: readonly {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  }[];
}
interface Result {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly non2xx: number;
}
interface Library {
  default: (job: Omit<HttpJob, "seconds"> & { duration: number }) => Promise<Result>;
}

// The package is installed beside the copy of this file that runs, and not where types are checked.
const library: string = "autocannon";
const { default: autocannon } = (await import(library)) as Library;
/** Stands in a body for an id that rises from request to request, a UUID of version 7. */
const id_place = "22222222-2222-7222-8222-222222222222";
const anyId = /"id":"[^"]*"/;
let count = 0;

function nextId(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const rest = (count++).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${rest}`;
}

function withId<R extends { readonly body?: string }>(request: R): R {
  // The request is the one of before: its id stands where the first one's place was.
  return { ...request, body: (request.body ?? "").replace(anyId, `"id":"${nextId()}"`) };
}

const { seconds, ...job } = JSON.parse(process.argv[2] ?? "{}") as HttpJob;
const started = process.cpuUsage();
const { requests, latency, errors, non2xx } = await autocannon({
  ...job,
  requests: job.requests.map((request) =>
    request.body?.includes(id_place) === true ? { ...request, setupRequest: withId } : request,
  ),
  duration: seconds,
});
const { user, system } = process.cpuUsage(started);
console.log(
  JSON.stringify({
    per_s: requests.average,
    p50_ms: latency.p50,
    p99_ms: latency.p99,
    failed: errors + non2xx,
    generator_cpu: (user + system) / 1_000_000 / seconds,
  }),
);
