/** Few round ticks for an axis of training steps: "10k" rather than "10,000". */
export function stepTicks() {
  const short = (step: number) => (step >= 1000 ? `${Number((step / 1000).toFixed(1))}k` : String(step));
  return { ticks: 4, tickFormat: short } as const;
}
