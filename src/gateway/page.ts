import { posix } from "node:path";
import { OperatorError } from "../lib/operator-error.ts";

/** A file of the page as the server sends it. A name with a hash in it never changes its content: such a file may be cached for ever. */
export interface PageFile {
  /** From the root of the site: "/index.html", "/main-3f9c1k2m.js". */
  readonly path: string;
  /** For the Content-Type header. */
  readonly type: string;
  readonly text: string;
}

/**
 * The page of src/web, bundled. Run from source this bundles it now (some 20 ms); in the executable `.ci/build.ts` puts the result in
 * this function's place, so that nothing but this function may touch those files. It holds no inline script, for the page's
 * Content-Security-Policy allows none.
 */
export async function loadPage(): Promise<readonly PageFile[]> {
  const built = await bundle(posix.join(import.meta.dir, "../web/index.html"));
  return Promise.all(
    built.outputs.map(async (output) => ({
      path: posix.join("/", output.path),
      type: output.type,
      text: await output.text(),
    })),
  );
}

async function bundle(entry: string): Promise<Bun.BuildOutput> {
  try {
    return await Bun.build({
      entrypoints: [entry],
      target: "browser",
      minify: true,
      publicPath: "/",
      naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
      define: { "process.env.NODE_ENV": '"production"' },
    });
  } catch (cause) {
    throw new OperatorError(`The page could not be bundled from ${entry}: ${reasonOf(cause)}`, { cause });
  }
}

/** The bundler's first complaint, with its place: what it throws says "Bundle failed" and has no stack. */
function reasonOf(cause: unknown): string {
  const [first] = cause instanceof AggregateError ? cause.errors : [cause];
  const { message, position } = first as Partial<BuildMessage>;
  return position ? `${message} (${position.file}:${position.line})` : `${message ?? String(first)}`;
}
