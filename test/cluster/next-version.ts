/** A next version of the server, made from this one's source: for what two versions do to each other side by side. */

import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrations } from "../../src/store/migrations.ts";

const root = join(import.meta.dir, "../..");

function edit(path: string, what: string, becomes: string): void {
  const text = readFileSync(path, "utf8");
  if (!text.includes(what)) throw new Error(`Expected ${path} to have: ${what}`);
  writeFileSync(
    path,
    text.replace(what, () => becomes),
  );
}

const statements = [
  "ALTER TABLE messages ADD COLUMN mood TEXT NOT NULL DEFAULT 'fine';",
  "CREATE TABLE moods (n INTEGER PRIMARY KEY, mood TEXT NOT NULL);",
  "CREATE INDEX messages_mood ON messages (mood);",
];

/**
 * Writes it to a folder and gives its `main.ts`. It has a migration that adds, writes a letter of a kind of its own
 * before each that this version knows, and says more about who is present.
 */
export function makeNextVersion(folder: string): string {
  for (const part of ["src", "drizzle", "package.json", "tsconfig.json"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const when = (migrations.at(-1)?.when ?? 0) + 1;
  const sql = JSON.stringify(statements.join("\n--> statement-breakpoint\n"));
  const list = join(folder, "src/store/migrations.ts");
  edit(list, "\n];", `\n  { tag: "9999_next", when: ${when}, sql: ${sql} },\n];`);
  const nodes = join(folder, "src/chat/nodes.ts");
  const mood = (channel: string): string =>
    `this.#options.broker.publish(${channel}, \`mood \${this.#options.run} 7 fine\\n{"mood":"fine"}\`);`;
  const publish = "#publish(n: number, letter: Letter): void {\n";
  edit(nodes, publish, `${publish}${mood("this.#channel(n)")}\n`);
  const tellAll = "#tellAll(letter: Letter): void {\n";
  edit(nodes, tellAll, `${tellAll}${mood("this.#control")}\n`);
  const letters = join(folder, "src/chat/node-letters.ts");
  edit(letters, "connInfo ?? null])", 'connInfo ?? null, "fine"])');
  edit(letters, "{ ...rest, came: listed }", '{ ...rest, came: listed, mood: "fine" }');
  return join(folder, "src/main.ts");
}
