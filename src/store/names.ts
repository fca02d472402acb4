import { getTableColumns, getTableName, type Table } from "drizzle-orm";

type ColumnNames<T extends Table> = { readonly [K in keyof T["_"]["columns"]]: string };

/**
 * The names of a table and its columns, quoted, for SQL that is written by hand: what the schema does not have does not
 * type-check.
 */
export function namesOf<T extends Table>(table: T): { readonly table: string; readonly of: ColumnNames<T> } {
  const of: Record<string, string> = {};
  for (const [key, column] of Object.entries(getTableColumns(table))) of[key] = `"${column.name}"`;
  return { table: `"${getTableName(table)}"`, of: of as ColumnNames<T> };
}

/** A row out of the values of a cell, in the order of their names. */
export function rowOf<T>(names: readonly (keyof T)[], values: readonly unknown[]): T {
  return Object.fromEntries(names.map((name, at) => [name, values[at]])) as T;
}
