/**
 * Where a task's share begins when the tasks go from the end to the beginning. The second pass over a tensor does: what
 * the first pass read last is then still in the cache.
 */
export function fromEnd(task: i32, count: i32, perTask: i32): i32 {
  const tasks = (count + perTask - 1) / perTask;
  return (tasks - 1 - task) * perTask;
}
