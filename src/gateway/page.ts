import { posix } from "node:path";

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
  const built = await Bun.build({
    entrypoints: [posix.join(import.meta.dir, "../web/index.html")],
    target: "browser",
    minify: true,
    publicPath: "/",
    naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return Promise.all(
    built.outputs.map(async (output) => ({
      path: posix.join("/", output.path),
      type: output.type,
      text: await output.text(),
    })),
  );
}
