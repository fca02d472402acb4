/**
 * An object whose values are made when they are first asked for, and stay. There are as many schemas as there are fields of
 * operations: a start does not wait for those that nobody has called yet.
 */
export function lazily<M extends Readonly<Record<string, () => unknown>>>(
  makers: M,
): { readonly [K in keyof M]: ReturnType<M[K]> } {
  const lazy = {};
  for (const [name, make] of Object.entries(makers)) {
    const get = (): unknown => {
      const value = make();
      Object.defineProperty(lazy, name, { value, enumerable: true });
      return value;
    };
    Object.defineProperty(lazy, name, { get, enumerable: true, configurable: true });
  }
  return lazy as { readonly [K in keyof M]: ReturnType<M[K]> };
}
