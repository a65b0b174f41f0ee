/** Something went wrong that the page says in this one sentence. */
export class PageError extends Error {
  override readonly name = "PageError";
}
