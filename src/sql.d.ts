// Migrations are embedded as text: `import first from "../../drizzle/0000_first.sql" with { type: "text" }`.
declare module "*.sql" {
  const text: string;
  export default text;
}
