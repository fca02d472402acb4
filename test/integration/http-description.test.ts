/** What the server says about its HTTP door is what the door does. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { operationShapes } from "../../src/protocol/operations.ts";
import { startNode, type ChatNode } from "../harness.ts";

interface Described {
  readonly openapi: string;
  readonly paths: Record<
    string,
    {
      post: {
        summary: string;
        requestBody: { content: { "application/json": { schema: Record<string, unknown> } } };
        responses: Record<string, unknown>;
      };
    }
  >;
}

let node: ChatNode;

beforeAll(async () => {
  node = await startNode();
});

afterAll(() => node[Symbol.asyncDispose]());

test("/api/openapi.json has every operation, with its input, its output and its errors", async () => {
  const response = await fetch(`${node.url}/api/openapi.json`);
  const described = (await response.json()) as Described;
  expect(described.openapi).toBe("3.1.0");
  expect(Object.keys(described.paths)).toEqual(Object.keys(operationShapes).map((name) => `/api/${name}`));
  for (const { post } of Object.values(described.paths)) {
    const { schema } = post.requestBody.content["application/json"];
    expect(schema["additionalProperties"]).toBe(false);
    expect(post.summary).toMatch(/^[A-Z].{10,}\.$/);
    expect(Object.keys(post.responses)).toContain("429");
    expect(Object.keys(post.responses)).toContain("200");
  }
});

test("a schema of it judges inputs as the server does", async () => {
  const described = (await (await fetch(`${node.url}/api/openapi.json`)).json()) as Described;
  const schema = described.paths["/api/room.list"]?.post.requestBody.content["application/json"].schema;
  const judge = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  for (const input of [{}, { limit: 5 }, { limit: 0 }, { limit: "5" }, { scope: "public" }, { scope: "x" }, { y: 1 }]) {
    expect(judge.safeParse(input).success).toBe(operationShapes["room.list"].input.safeParse(input).success);
  }
});

test("/api/ is a page for people that runs nothing and loads nothing", async () => {
  const response = await fetch(`${node.url}/api/`);
  const text = await response.text();
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(response.headers.get("content-security-policy")).toStartWith("default-src 'none'; style-src 'sha256-");
  for (const name of Object.keys(operationShapes)) expect(text).toContain(`POST /api/${name}`);
  expect(text).not.toMatch(/<script|<link|<img|https?:\/\/|onclick|style=/);
  const moved = await fetch(`${node.url}/api`, { redirect: "manual" });
  expect(moved.headers.get("location")).toBe("/api/");
});
