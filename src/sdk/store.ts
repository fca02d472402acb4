/**
 * Where a client keeps what must outlive it: messages that are not acknowledged yet, positions, a guest's token. A set
 * that has resolved must survive the end of the process, or the promise "never lost" ends with it.
 */
export interface ClientStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  /** The keys that start so, in any order. */
  keys(prefix: string): Promise<string[]>;
}

/** Keeps things as long as the process lives: for tests, and where nothing better is there. */
export function memoryStore(): ClientStore {
  const values = new Map<string, string>();
  return {
    async get(key) {
      return values.get(key);
    },
    async set(key, value) {
      values.set(key, value);
    },
    async delete(key) {
      values.delete(key);
    },
    async keys(prefix) {
      return [...values.keys()].filter((key) => key.startsWith(prefix));
    },
  };
}

interface WebStorage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

function webStorage(): WebStorage | undefined {
  try {
    return (globalThis as { localStorage?: WebStorage }).localStorage ?? undefined;
  } catch {
    // A browser that forbids storage throws at the mere mention.
    return undefined;
  }
}

/**
 * The browser's localStorage, or memory where there is none. It is written before a call returns, so that a page that is
 * being closed keeps what it wrote last. Several tabs may share one: each thing has a key of its own.
 */
export function browserStore(prefix = "confab/"): ClientStore {
  const storage = webStorage();
  if (storage === undefined) return memoryStore();
  return {
    async get(key) {
      return storage.getItem(prefix + key) ?? undefined;
    },
    async set(key, value) {
      storage.setItem(prefix + key, value);
    },
    async delete(key) {
      storage.removeItem(prefix + key);
    },
    async keys(start) {
      const found: string[] = [];
      for (let index = 0; index < storage.length; index++) {
        const key = storage.key(index);
        if (key?.startsWith(prefix + start) === true) found.push(key.slice(prefix.length));
      }
      return found;
    },
  };
}
