// Run by faults.test.ts as one rank of several, of which one leaves while the others wait for it.
import { BatchNorm, Linear, Sequential, SGD, Trainer } from "batchnorm";
import { connect } from "batchnorm-mpi";

const { way } = JSON.parse(process.argv[2]);
const comm = await connect();

if (way === "differs") {
  const norm = new BatchNorm(4, { eps: comm.rank === 2 ? 1e-3 : 1e-5 });
  new Trainer(new Sequential(new Linear(3, 4), norm), { optimizer: new SGD({ lr: 0.1 }), shards: comm });
}
console.log(JSON.stringify({ rank: comm.rank }));
if (comm.rank !== 1) comm.barrier();
if (way === "throws") setTimeout(() => fail());
if (way === "rejects") Promise.reject(new Error("on purpose"));
if (way === "exits") process.exit(0);

function fail() {
  throw new Error("on purpose");
}
