/**
 * The places nearest to the wanted ones, in squares, that are in the same order and at least a distance apart: for names
 * that would lie on each other.
 */
export function spread(wanted: readonly number[], distance: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  // Less the distances between them, neighbours that are too close are out of order: they share their mean.
  const groups: { sum: number; count: number }[] = [];
  for (const [rank, index] of order.entries()) {
    let group = { sum: wanted[index] - rank * distance, count: 1 };
    for (let last = groups.at(-1); last && mean(last) > mean(group); last = groups.at(-1)) {
      group = { sum: last.sum + group.sum, count: last.count + group.count };
      groups.pop();
    }
    groups.push(group);
  }
  const means = groups.flatMap((group) => Array.from({ length: group.count }, () => mean(group)));
  const places = [...wanted];
  for (const [rank, index] of order.entries()) places[index] = means[rank] + rank * distance;
  return places;
}

function mean({ sum, count }: { sum: number; count: number }): number {
  return sum / count;
}
