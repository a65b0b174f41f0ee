/**
 * Names of the platform that this package's declarations have: a project compiles with them without the DOM's types, and with
 * compilers that do not know `Symbol.dispose` and `Symbol.asyncDispose` yet. Where they are declared in full, these add nothing.
 */
declare global {
  namespace WebAssembly {
    interface Memory {}
    interface Module {}
  }
  interface AbortSignal {}
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

export {};
