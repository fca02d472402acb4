/** The files of the page, with the headers that let a browser run them and nothing else. */

import { sha256 } from "../lib/ids.ts";
import type { PageFile } from "./page.ts";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const hashed = /-[0-9a-z]{8}\.[a-z0-9]+$/;

interface Asset {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers GET and HEAD of the page's files; undefined for anything else. */
export function createAssets(files: readonly PageFile[]): (request: Request, path: string) => Response | undefined {
  const assets = new Map<string, Asset>();
  for (const file of files) {
    const headers = {
      "content-type": file.type,
      etag: `"${sha256(file.text).slice(0, 16)}"`,
      "cache-control": hashed.test(file.path) ? "public, max-age=31536000, immutable" : "no-cache",
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    };
    assets.set(file.path === "/index.html" ? "/" : file.path, { body: file.text, headers });
  }
  return (request, path) => {
    const asset = assets.get(path);
    if (asset === undefined || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
    const { body, headers } = asset;
    if (request.headers.get("if-none-match") === headers["etag"]) return new Response(null, { status: 304, headers });
    return new Response(body, { headers });
  };
}
