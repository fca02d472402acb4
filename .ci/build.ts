/**
 * Makes the one executable: `bun run build [--target linux-arm64] [--outfile dist/confab]`.
 * Inside are the server, the storage thread, the page, the migrations and the database's native driver.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";
import packageJson from "../package.json" with { type: "json" };
import { loadPage } from "../src/gateway/page.ts";
import { ownTarget, provideParts } from "./platform.ts";

/** Threads are started by the address of their file, which the bundler does not follow: each is an entry of its own. */
const entrypoints = ["src/main.ts", "src/gateway-thread.ts", "src/store/thread.ts"];

/** A third of the driver's size; above it the build takes seconds for a tenth of a megabyte each. */
const packing_level = 9;

/**
 * libSQL requires its native package by a computed name, which no bundler can follow (oven-sh/bun#18909).
 * Here the platform is known, so the name becomes that of a file: the driver is embedded, packed, and unpacked where it runs.
 */
async function nativeDriver(packageName: string): Promise<BunPlugin> {
  const path = Bun.resolveSync(packageName, import.meta.dir);
  const content = await Bun.file(path).bytes();
  const name = `${Bun.SHA256.hash(content, "hex").slice(0, 16)}.node`;
  const packed = `{ path: require(${JSON.stringify(path)}), name: "${name}", bytes: ${content.length} }`;
  const unpack = `require(${JSON.stringify(join(import.meta.dir, "unpack.ts"))}).unpack`;
  return {
    name: "native-driver",
    setup(build) {
      build.onLoad({ filter: /\.node$/ }, () => ({
        contents: Bun.zstdCompressSync(content, { level: packing_level }),
        loader: "file",
      }));
      build.onLoad({ filter: /[\\/]node_modules[\\/]libsql[\\/]index\.js$/ }, async ({ path }) => {
        const source = await Bun.file(path).text();
        const literal = source.replace("require(`@libsql/${target}`)", `require(${unpack}(${packed}))`);
        if (literal === source) {
          throw new Error(
            `Expected ${path} to require its native package by a computed name, and it does not: read it again.`,
          );
        }
        return { contents: literal, loader: "js" };
      });
    },
  };
}

/**
 * From source the page is bundled at start. The executable has no source: it gets the module's result instead.
 * The page is made before, because a bundler that waits for another one inside its plugin waits for ever.
 */
async function builtPage(): Promise<BunPlugin> {
  const page = JSON.stringify(await loadPage());
  return {
    name: "built-page",
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/]gateway[\\/]page\.ts$/ }, () => ({
        contents: `export async function loadPage() { return ${page}; }`,
        loader: "js",
      }));
    },
  };
}

/** The version as the executable tells it: that of the package, and the commit where there is one. */
function version(): string {
  const git = Bun.which("git");
  const commit = git === null ? null : Bun.spawnSync([git, "rev-parse", "--short=10", "HEAD"], { stderr: "ignore" });
  const hash = commit?.success === true ? commit.stdout.toString().trim() : "";
  return hash === "" ? packageJson.version : `${packageJson.version}+${hash}`;
}

interface Options {
  readonly target: string;
  readonly outfile: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    args: Bun.argv.slice(2),
    options: {
      target: { type: "string", default: ownTarget },
      outfile: { type: "string", default: "dist/confab" },
    },
  });
  return { target: values.target, outfile: values.outfile };
}

async function build({ target, outfile }: Options): Promise<void> {
  const { driver, bun } = await provideParts(target);
  await mkdir(dirname(outfile), { recursive: true });
  // A running executable cannot be written to, but it can be replaced.
  await rm(outfile, { force: true });
  const result = await Bun.build({
    entrypoints: entrypoints.filter((path) => existsSync(path)),
    // Flat names: a thread's address is relative to the file that starts it, and all code lies in one folder afterwards.
    naming: { entry: "[name].[ext]" },
    target: "bun",
    // What a start does not need (the library of accounts, mail) stays apart, and is not read before it is asked for.
    splitting: true,
    // Parsed here, and not at every start.
    bytecode: true,
    format: "esm",
    compile: {
      target: `bun-${target}` as Bun.Build.CompileTarget,
      outfile,
      ...(bun === undefined ? {} : { executablePath: bun }),
      // The executable reads its own configuration and nothing that happens to lie where it is started.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
    minify: { whitespace: true, syntax: true, identifiers: false },
    // The map is embedded: stacks in an operator's log name the source's lines.
    sourcemap: "linked",
    define: { "process.env.NODE_ENV": '"production"', CONFAB_VERSION: JSON.stringify(version()) },
    plugins: [await nativeDriver(driver), await builtPage()],
  });
  if (!result.success) throw new AggregateError(result.logs, "The bundler found mistakes.");
  const maps = result.outputs.filter((output) => output.kind === "sourcemap");
  await Promise.all(maps.map((map) => rm(map.path, { force: true })));
  const size_mb = Math.round(Bun.file(outfile).size / 1_000_000);
  console.log(`${relative(".", outfile)}: ${version()} for ${target}, ${size_mb} MB`);
}

await build(readOptions());
