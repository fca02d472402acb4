/** The code about the code: STYLE in tests. Each names the files and lines that break its rule. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { nameHomes, reachable, sql, wrongDirection } from "./tidy/house.ts";
import { type Found, readSource, type Source } from "./tidy/source.ts";

const file_lines_max = 400;
const function_lines_max = 70;
const parameters_max = 3;

const root = posix.join(import.meta.dir, "..");
const codeFolders = ["src", "test", "bench", ".ci"];
const allowedAtTop = new Set(
  (
    "package.json tsconfig.json bunfig.toml bun.lock src test bench drizzle docs " +
    "README.md CHANGELOG.md CONTRIBUTING.md LICENSE"
  ).split(" "),
);
/** What tools leave behind, as .gitignore has it. */
const leftBehind = /^(node_modules|dist|\.cache|\.git|confab-data[^/]*)(\/|$)/;

function list(pattern: string): string[] {
  return [...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true })]
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !leftBehind.test(path))
    .sort();
}

const read = (path: string): string => readFileSync(posix.join(root, path), "utf8");

const sources = new Map<string, Source>(
  codeFolders
    .filter((folder) => existsSync(posix.join(root, folder)))
    .flatMap((folder) => list(`${folder}/**/*.{ts,tsx,js,mjs,cjs}`))
    .map((path) => [path, readSource(path, read(path))]),
);
const all = [...sources.values()];
const server = all.filter(({ path }) => path.startsWith("src/"));

/** What a rule finds in these files, as "path:line what". */
function breaks(files: readonly Source[], find: (source: Source) => readonly Found[]): string[] {
  return files.flatMap((source) => find(source).map(({ line, text }) => `${source.path}:${line} ${text}`));
}

describe("direction", () => {
  test("a file of src imports lower ranks or its own folder, types included", () => {
    const wrong = breaks(server, ({ path, imports }) =>
      imports.flatMap(({ text, line }) => {
        const reason = wrongDirection(path, text);
        return reason === null ? [] : [{ line, text: reason }];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("every file of src is reached from main.ts or from a page", () => {
    const pages = list("src/web/**/*.html").flatMap((page) =>
      [...read(page).matchAll(/<script\b[^>]*\bsrc="([^"]+)"/g)].map((found) =>
        posix.join(posix.dirname(page), found[1] ?? ""),
      ),
    );
    const reached = reachable(["src/main.ts", ...pages], sources);
    const unreached = server.map(({ path }) => path).filter((path) => !path.endsWith(".d.ts") && !reached.has(path));
    expect(unreached).toEqual([]);
  });

  test("every file of test is a test or is reached from one", () => {
    const tests = [...sources.keys()].filter((path) => path.startsWith("test/"));
    const reached = reachable(
      tests.filter((path) => path.endsWith(".test.ts")),
      sources,
    );
    expect(tests.filter((path) => !path.endsWith(".d.ts") && !reached.has(path))).toEqual([]);
  });

  test("a relative import names its file with its ending", () => {
    const wrong = breaks(all, ({ imports }) => imports.filter(({ text }) => /^\.(?!.*\.[a-z0-9]+$)/.test(text)));
    expect(wrong).toEqual([]);
  });
});

describe("words that live in one place", () => {
  for (const { names, home, reason } of nameHomes) {
    test(reason, () => {
      const elsewhere = server.filter(({ path }) => !home.test(path));
      expect(breaks(elsewhere, (source) => source.names.filter(({ text }) => names.test(text)))).toEqual([]);
    });
  }

  test("only src/store says SQL", () => {
    const elsewhere = server.filter(({ path }) => !path.startsWith("src/store/"));
    expect(breaks(elsewhere, ({ strings }) => strings.filter(({ text }) => sql.test(text)))).toEqual([]);
  });

  test("bun:sqlite is imported nowhere: beside libSQL it loses rows", () => {
    const sqlite = ["bun", "sqlite"].join(":");
    expect(breaks(all, ({ imports }) => imports.filter(({ text }) => text === sqlite))).toEqual([]);
  });
});

describe("size and form", () => {
  test(`a file has ${file_lines_max} lines at most`, () => {
    const long = all.filter(({ lines }) => lines > file_lines_max);
    expect(long.map(({ path, lines }) => `${path} has ${lines}`)).toEqual([]);
  });

  test(`a function has ${function_lines_max} lines at most`, () => {
    const long = breaks(all, ({ functions }) =>
      functions
        .filter(({ lines }) => lines > function_lines_max)
        .map(({ line, lines }) => ({ line, text: `has ${lines}` })),
    );
    expect(long).toEqual([]);
  });

  test(`a function has ${parameters_max} positional parameters at most`, () => {
    const wide = breaks(all, ({ functions }) =>
      functions
        .filter(({ parameters }) => parameters > parameters_max)
        .map(({ line, parameters }) => ({ line, text: `has ${parameters}` })),
    );
    expect(wide).toEqual([]);
  });

  test("nothing is exported as default", () => {
    const code = all.filter(({ path }) => !path.endsWith(".d.ts"));
    expect(breaks(code, ({ defaultExports }) => defaultExports)).toEqual([]);
  });

  test("code is TypeScript in files named in kebab-case, without index files and drawers for everything", () => {
    const wrong = [...sources.keys()].filter(
      (path) =>
        !/^(\.ci|[a-z]+)(\/[a-z0-9]+(-[a-z0-9]+)*)*(\.test|\.d)?\.tsx?$/.test(path) ||
        /(^|\/)(index|utils?|helpers?|common|misc)(\/|\.)/.test(path),
    );
    expect(wrong).toEqual([]);
  });

  test("no class is a manager, a service, a repository, a helper or a util", () => {
    const vague = /(Manager|Service|Repository|Helper|Utils?)$/;
    expect(breaks(all, ({ classes }) => classes.filter(({ text }) => vague.test(text)))).toEqual([]);
  });

  test("the top of the repository holds what DESIGN.md allows", () => {
    const top = new Set(list("**/*").map((path) => path.split("/")[0] ?? path));
    expect([...top].filter((name) => !name.startsWith(".") && !allowedAtTop.has(name))).toEqual([]);
  });
});

describe("honesty", () => {
  test("no test is skipped, put off or run alone", () => {
    const tests = all.filter(({ path }) => path.startsWith("test/"));
    const put = /^(test|it|describe)(\.\w+)*\.(skip|skipIf|only|todo|todoIf|if|failing)$|^x(it|test|describe)$/;
    expect(breaks(tests, ({ names }) => names.filter(({ text }) => put.test(text)))).toEqual([]);
  });

  test("no rule of the compiler or of the linter is switched off in a file", () => {
    const off = /\b(oxlint|eslint)-disable|@ts-(ignore|nocheck|expect-error)|@noformat|prettier-ignore/;
    expect(breaks(all, ({ comments }) => comments.filter(({ text }) => off.test(text)))).toEqual([]);
  });

  test("a debt in a comment has the number of an issue", () => {
    const debts = breaks(all, ({ comments }) =>
      comments.filter(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(text) && !/#\d+/.test(text)),
    );
    expect(debts).toEqual([]);
  });

  test("no file names somebody's machine or a host of packages", () => {
    // In pieces, so that this file does not name them.
    const machine = new RegExp(
      [`/${"work"}/`, `/${"root"}/`, `/${"home"}/\\w`, `/${"Users"}/\\w`, `bash${"_jobs"}`].join("|"),
    );
    const host = new RegExp([`registry\\.${"npmjs"}`, `npm\\.${"pkg"}`].join("|"));
    const texts = list("**/*").filter((path) => !/\.(png|jpg|webp|ico|woff2?|db|gz)$/.test(path));
    const wrong = texts.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) =>
          machine.test(line) || host.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
        ),
    );
    expect(wrong).toEqual([]);
  });

  test("bun.lock holds no address", () => {
    expect(read("bun.lock").match(/https?:\/\/\S+/g) ?? []).toEqual([]);
  });
});

describe("migrations", () => {
  interface Entry {
    readonly tag: string;
    readonly when: number;
  }
  const journalPath = "drizzle/meta/_journal.json";
  const journal = existsSync(posix.join(root, journalPath))
    ? (JSON.parse(read(journalPath)) as { entries: Entry[] }).entries.map(({ tag, when }) => ({ tag, when }))
    : [];

  test("their times rise, or Drizzle would pass one over without a word", () => {
    const late = journal.filter(({ when }, index) => when <= (journal[index - 1]?.when ?? 0));
    expect(late).toEqual([]);
  });

  test("every one is a file, and every file is one", () => {
    expect(list("drizzle/*.sql")).toEqual(journal.map(({ tag }) => `drizzle/${tag}.sql`));
  });

  test("the program carries all of them, in order and word for word", async () => {
    const path = "src/store/migrations.ts";
    const carried = existsSync(posix.join(root, path)) ? (await import("../src/store/migrations.ts")).migrations : [];
    expect(carried.map(({ tag, when, sql: text }) => ({ tag, when, text }))).toEqual(
      journal.map(({ tag, when }) => ({ tag, when, text: read(`drizzle/${tag}.sql`) })),
    );
  });
});
