import { parseSync } from "oxc-parser";

/** Something that stands in a file, and where. */
export interface Found {
  readonly text: string;
  readonly line: number;
}

export interface FunctionShape {
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
}

/** What the rules of the house ask about a file of code. */
export interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly lines: number;
  /** What it imports, types included, and the files that it starts by `new URL("./file.ts", import.meta.url)`. */
  readonly imports: readonly Found[];
  /** Texts in quotes, without those of imports; templates in their pieces. */
  readonly strings: readonly Found[];
  /** Names that it reads: `setTimeout`, `Date.now`, `process.env.HOME`, and `new Date()` where it takes the time. */
  readonly names: readonly Found[];
  readonly classes: readonly Found[];
  readonly comments: readonly Found[];
  /** Functions with a body. The callback of a `describe` is a chapter, not a function, and is left out. */
  readonly functions: readonly FunctionShape[];
  readonly defaultExports: readonly Found[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function visit(node: Node, parent: Node | null, see: (node: Node, parent: Node | null) => void): void {
  see(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node, see);
  }
}

/** `a.b.c` as text, or null for what is not made of plain names. */
function dotted(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === "Identifier") return String(node["name"]);
  if (node.type === "MetaProperty") return "import.meta";
  if (node.type !== "MemberExpression" || node["computed"] === true) return null;
  const object = dotted(node["object"]);
  const property = dotted(node["property"]);
  return object === null || property === null ? null : `${object}.${property}`.replace(/^globalThis\./, "");
}

/** An identifier that reads a name, not one that labels a field. */
function isRead(node: Node, parent: Node | null): boolean {
  if (parent === null || parent["computed"] === true) return true;
  if (parent.type === "MemberExpression") return parent["object"] === node;
  return parent["key"] !== node || parent["shorthand"] === true;
}

function textOf(node: unknown): string | null {
  return isNode(node) && node.type === "Literal" && typeof node["value"] === "string" ? node["value"] : null;
}

const importingTypes = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType",
]);
const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** The file that a node brings in, as the code writes it. */
function importOf(node: Node): Node | null {
  if (importingTypes.has(node.type)) return isNode(node["source"]) ? node["source"] : null;
  if (node.type !== "NewExpression" || dotted(node["callee"]) !== "URL") return null;
  const [file, base] = Array.isArray(node["arguments"]) ? (node["arguments"] as unknown[]) : [];
  return isNode(file) && textOf(file)?.endsWith(".ts") === true && dotted(base) === "import.meta.url" ? file : null;
}

function nameOf(node: Node, parent: Node | null): string | null {
  if (node.type === "Identifier") return isRead(node, parent) ? String(node["name"]) : null;
  if (node.type === "MemberExpression") return dotted(node);
  const takesTime = node.type === "NewExpression" && dotted(node["callee"]) === "Date";
  return takesTime && Array.isArray(node["arguments"]) && node["arguments"].length === 0 ? "new Date()" : null;
}

function isChapter(node: Node, parent: Node | null): boolean {
  if (parent === null || parent.type !== "CallExpression" || parent["callee"] === node) return false;
  const callee = parent["callee"];
  return isNode(callee) && /^describe\b/.test(dotted(isNode(callee["callee"]) ? callee["callee"] : callee) ?? "");
}

export function readSource(path: string, content: string): Source {
  const { program, comments, errors } = parseSync(path, content);
  if (errors[0] !== undefined) throw new Error(`Expected ${path} to be TypeScript: ${errors[0].message}`);
  const starts = [0];
  for (let at = content.indexOf("\n"); at !== -1; at = content.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineOf = (offset: number): number => starts.findLastIndex((start) => start <= offset) + 1;

  const source = {
    imports: [] as Found[],
    strings: [] as Found[],
    names: [] as Found[],
    classes: [] as Found[],
    functions: [] as FunctionShape[],
    defaultExports: [] as Found[],
  };
  const importTexts = new Set<Node>();
  const add = (list: Found[], found: string | null, node: Node): void => {
    if (found !== null) list.push({ text: found, line: lineOf(node.start) });
  };

  const see = (node: Node, parent: Node | null): void => {
    const imported = importOf(node);
    if (imported !== null) {
      importTexts.add(imported);
      const text = textOf(imported);
      // An address is relative without a dot in front.
      add(source.imports, node.type === "NewExpression" ? (text?.replace(/^(?!\.)/, "./") ?? null) : text, node);
    }
    if (!importTexts.has(node)) add(source.strings, textOf(node), node);
    if (node.type === "TemplateElement") add(source.strings, (node["value"] as { raw: string }).raw, node);
    add(source.names, nameOf(node, parent), node);
    if (node.type === "ClassDeclaration") add(source.classes, dotted(node["id"]), node);
    if (node.type === "ExportDefaultDeclaration") add(source.defaultExports, "export default", node);
    if (functionTypes.has(node.type) && isNode(node["body"]) && !isChapter(node, parent)) {
      const line = lineOf(node.start);
      const parameters = Array.isArray(node["params"]) ? node["params"].length : 0;
      source.functions.push({ line, lines: lineOf(node.end) - line + 1, parameters });
    }
  };
  visit(program as unknown as Node, null, see);
  return {
    ...source,
    path,
    lines: starts.length - (content.endsWith("\n") ? 1 : 0),
    comments: comments.map(({ value, start }) => ({ text: value, line: lineOf(start) })),
  };
}
