/** OpenAPI 3.1 and a readable page, both made of the operations table: they cannot say what the server does not do. */

import { createHash } from "node:crypto";
import { z } from "zod";
import type { OperationTable } from "../chat/operation.ts";
import { errors } from "../protocol/errors.ts";
import { operationShapes, type OperationName } from "../protocol/operations.ts";
import { operationSummaries } from "./operation-summaries.ts";

interface File {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const names = Object.keys(operationShapes) as OperationName[];

function schemaOf(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  // Transformations and refinements have no JSON Schema: what comes in is described as it comes in.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

/** The answers that an operation can give beside its output, by HTTP status. */
function errorResponses(): Record<string, object> {
  const codes = new Map<number, string[]>();
  for (const [code, { status }] of Object.entries(errors)) codes.set(status, [...(codes.get(status) ?? []), code]);
  const schema = { $ref: "#/components/schemas/Error" };
  return Object.fromEntries(
    [...codes]
      .sort(([a], [b]) => a - b)
      .map(([status, list]) => [
        String(status),
        { description: list.join(", "), content: { "application/json": { schema } } },
      ]),
  );
}

export function openApi(options: { version: string; operations: OperationTable }): Record<string, unknown> {
  const paths: Record<string, object> = {};
  for (const name of names) {
    const { input, output } = operationShapes[name];
    paths[`/api/${name}`] = {
      post: {
        operationId: name,
        tags: [name.split(".")[0]],
        summary: operationSummaries[name],
        description: `Costs as much as ${options.operations[name].cost} of the messages that the caller may send.`,
        security: [{ bearer: [] }],
        requestBody: { required: true, content: { "application/json": { schema: schemaOf(input, "input") } } },
        responses: {
          "200": { description: "Done.", content: { "application/json": { schema: schemaOf(output, "output") } } },
          ...errorResponses(),
        },
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Confab", version: options.version },
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: { Error: errorSchema },
    },
  };
}

const errorSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "temporary", "request_id"],
      properties: {
        code: { enum: Object.keys(errors) },
        message: { type: "string" },
        temporary: { type: "boolean", description: "The same request may succeed after retry-after seconds." },
        request_id: { type: "string" },
      },
    },
  },
};

const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}" +
  "code,pre{font:14px/1.4 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;background:#f4f4f4}" +
  "table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}" +
  "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#262626}a{color:#8bf}}";

function escape(text: string): string {
  return text.replace(/[&<>]/g, (character) => (character === "&" ? "&amp;" : character === "<" ? "&lt;" : "&gt;"));
}

function json(value: unknown): string {
  return `<pre>${escape(JSON.stringify(value, null, 2))}</pre>`;
}

function page(options: { version: string; operations: OperationTable }): string {
  const sections = names.map((name) => {
    const { input, output } = operationShapes[name];
    const { cost } = options.operations[name];
    return (
      `<h2 id="${name}"><code>POST /api/${name}</code></h2><p>${escape(operationSummaries[name])} Costs as much as ${cost} messages.</p>` +
      `<h3>Takes</h3>${json(schemaOf(input, "input"))}<h3>Gives</h3>${json(schemaOf(output, "output"))}`
    );
  });
  const rows = Object.entries(errors).map(
    ([code, { status, temporary, text }]) =>
      `<tr><td><code>${code}</code></td><td>${status}</td><td>${temporary ? "yes" : ""}</td><td>${escape(text)}</td></tr>`,
  );
  const list = names.map(
    (name) => `<li><a href="#${name}"><code>${name}</code></a>: ${escape(operationSummaries[name])}</li>`,
  );
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Confab: HTTP</title>` +
    `<meta name="viewport" content="width=device-width"><style>${style}</style>` +
    `<h1>Confab ${escape(options.version)}: HTTP</h1>` +
    `<p>Every operation is a <code>POST</code> with JSON and <code>Authorization: Bearer &lt;token&gt;</code>: ` +
    `a token that your application signs, or a guest's. The same as a file: ` +
    `<a href="/api/openapi.json">openapi.json</a>.</p><ul>${list.join("")}</ul>${sections.join("")}` +
    `<h2 id="errors">Errors</h2><p><code>{"error": {"code", "message", "temporary", "request_id"}}</code></p>` +
    `<table><tr><th>code</th><th>status</th><th>retry</th><th>meaning</th></tr>${rows.join("")}</table></html>\n`
  );
}

/** The two descriptions as files, by their path. */
export function openApiFiles(options: { version: string; operations: OperationTable }): ReadonlyMap<string, File> {
  const common = { "cache-control": "no-cache", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };
  const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return new Map([
    [
      "/api/openapi.json",
      { body: JSON.stringify(openApi(options)), headers: { ...common, "content-type": "application/json" } },
    ],
    [
      "/api/",
      {
        body: page(options),
        headers: { ...common, "content-type": "text/html; charset=utf-8", "content-security-policy": policy },
      },
    ],
  ]);
}
