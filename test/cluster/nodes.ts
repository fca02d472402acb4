/** Several nodes of the executable on one sqld and one Redis, for tests. */

import { startNode, type ChatNode } from "../harness.ts";
import { startRedis, type RedisServer } from "../redis.ts";
import { startSqld, type Sqld } from "../sqld.ts";
import { unlimited } from "../writing.ts";

export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly ChatNode[];
  readonly redis: RedisServer;
  readonly sqld: Sqld;
  /** Starts one more, in an environment of its own if one is given. */
  add(of?: { readonly env: Readonly<Record<string, string>> }): Promise<ChatNode>;
}

export interface ClusterOptions {
  readonly count: number;
  readonly args?: readonly string[];
  /** Without Redis nodes find each other's messages in the database. */
  readonly withoutRedis?: boolean;
}

export async function startCluster(options: ClusterOptions): Promise<TestCluster> {
  const [sqld, redis] = await Promise.all([startSqld(), startRedis()]);
  const nodes: ChatNode[] = [];
  const broker = options.withoutRedis === true ? [] : ["--redis", redis.url];
  const add: TestCluster["add"] = async (of) => {
    const args = ["--open", ...unlimited, "--database", sqld.url, ...broker, ...(options.args ?? [])];
    const node = await startNode({ args, binary: true, ...of });
    nodes.push(node);
    return node;
  };
  const end = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await redis[Symbol.asyncDispose]();
    await sqld[Symbol.asyncDispose]();
  };
  try {
    // The first one makes the tables; the others find them.
    for (let at = 0; at < options.count; at++) await add();
  } catch (error) {
    await end();
    throw error;
  }
  return { nodes, redis, sqld, add, [Symbol.asyncDispose]: end };
}

/** The node at a place. */
export function nodeOf(cluster: TestCluster, at: number): ChatNode {
  const node = cluster.nodes[at];
  if (node === undefined) throw new Error(`Expected a node ${at}; there are ${cluster.nodes.length}`);
  return node;
}
