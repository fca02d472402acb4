import { standardOutput } from "../../../src/cli/output.ts";

// The process whose output output.test.ts reads: more than a pipe holds, then an exit.
const output = standardOutput();
output.write("x".repeat(1_000_000));
await output.flush();
process.exit(0);
