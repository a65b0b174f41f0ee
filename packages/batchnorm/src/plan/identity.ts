const numbers = new WeakMap<object, number>();
let most = 0;

/** A number of each object's own: what was bound for one is not good for another, however alike they are. */
export function numberOf(object: object): number {
  const known = numbers.get(object);
  if (known !== undefined) return known;
  numbers.set(object, ++most);
  return most;
}
