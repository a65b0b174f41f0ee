// Run by communicator.test.ts as one rank of several: makes every collective call, and writes what came to <rank>.json.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "batchnorm-mpi";

const { out } = JSON.parse(process.argv[2]);
const comm = await connect();
const { rank, size, library, local } = comm;
const again = await connect().catch(({ code }) => code);
const result = { rank, size, library, local, again };

const floats = Float32Array.of(rank + 1, 0.1);
const doubles = Float64Array.of(10 ** rank, 0.1);
const sums = [comm.sum(floats), comm.sum(doubles)];
// Begun in one order and waited for in the other.
for (const sum of sums.toReversed()) sum.wait();
result.sums = [[...floats], [...doubles]];

// Where a trainer has its gradients: inside WebAssembly's memory, shared with threads or not.
result.memory = [false, true].map((shared) => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared });
  const all = new Float32Array(memory.buffer).fill(7);
  const part = all.subarray(1000, 9000).map((_, i) => i + rank);
  all.set(part, 1000);
  comm.sum(all.subarray(1000, 9000)).wait();
  return [all[999], all[1000], all[8999], all[9000]];
});

result.gathered = [...comm.gather(Float64Array.of(rank, rank * rank))];
result.none = [...comm.gather(new Float64Array(0))];
const values = Float32Array.of(rank, 5 - rank);
comm.broadcast(values);
result.broadcast = [...values];
const last = Float64Array.of(rank);
comm.broadcast(last, size - 1);
result.last = last[0];
result.bytes = Buffer.from(comm.broadcastBytes(rank === 0 ? Buffer.from("eight €") : null)).toString();
result.empty = comm.broadcastBytes(null).length;
comm.agree("a thing", "the same\neverywhere");
const differing = `model\nlayer ${rank < 2 ? "BatchNorm" : "Linear"}\nend`;
try {
  comm.agree("the layers", differing);
} catch ({ name, code, message }) {
  result.refused = { name, code, message };
}
const before = { ...comm.traffic };
comm.gather(new Float64Array(16));
comm.barrier();
const { calls, bytes, seconds } = comm.traffic;
result.traffic = { calls: calls - before.calls, bytes: bytes - before.bytes, waited: seconds > before.seconds };
comm.close();
comm.close();
try {
  comm.barrier();
} catch ({ code }) {
  result.closed = code;
}
writeFileSync(join(out, `${rank}.json`), JSON.stringify(result));
