import { provideReference } from "./engine/engine.ts";
import { referenceKernels } from "./kernels/reference.ts";

/**
 * Makes `build: "reference"` possible: every kernel as plain loops in float64, rounded once. Slow, and for comparison.
 *
 *   enableReference();
 *   configure({ build: "reference" });
 */
export function enableReference(): void {
  provideReference(referenceKernels);
}
