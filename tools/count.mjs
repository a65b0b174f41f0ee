/** A Vitest reporter: after everything else, one plain line with the counts. */
export default class Count {
  #missing;

  /** @param options.missing  what could not be run and why, in a sentence to be printed before the counts; null if nothing */
  constructor({ missing }) {
    this.#missing = missing;
  }

  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state]++;
      counts.failed += module.errors().length;
    }
    const skipped = counts.skipped ? `, ${counts.skipped} skipped` : "";
    // After the default reporter's own last words.
    process.on("exit", () => {
      if (this.#missing) console.log(this.#missing);
      console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
    });
  }
}
