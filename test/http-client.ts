/** Operations over HTTP, as a program calls them. */

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the body is no JSON. */
  readonly json: unknown;
}

export interface HttpQuestion {
  readonly token?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Uint8Array<ArrayBuffer> | ReadableStream;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function post(
  node: { readonly url: string },
  operation: string,
  question: HttpQuestion,
): Promise<HttpAnswer> {
  const { body, headers, method = "POST", raw, token } = question;
  const response = await fetch(`${node.url}/api/${operation}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(raw === undefined && body === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}
