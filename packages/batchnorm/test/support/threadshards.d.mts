export function onRanks(script: string, size: number, job: unknown): Promise<unknown[]>;
