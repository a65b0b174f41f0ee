/**
 * The calling thread's own working memory, imported as an immutable global: every thread instantiates the
 * module over the same memory with a different address here, so kernels need no lock and no mutable state.
 * `scratchBytes` in src/kernels/contract/limits.ts says how much there is.
 */
export declare const scratch: usize;
