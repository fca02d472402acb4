/**
 * An error whose message is written for the person who runs Confab: it is printed as it is, without a stack.
 * The exit code is 2 where the words on the command line or in the configuration are wrong, 1 for everything else.
 */
export class OperatorError extends Error {
  override readonly name: string = "OperatorError";
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { readonly exitCode?: 1 | 2; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}
