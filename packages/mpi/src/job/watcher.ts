/**
 * A process beside the ranks of one machine, which says which of them died first when one does so without a word: killed,
 * out of memory. Each rank has a connection to it. The system tells of connections in the order in which they ended, so it
 * does not matter that the launcher ends the other ranks at once, nor how busy the machine is.
 *
 * Arguments: the path of the socket, and how many ranks will come. Lines from a rank: first what to write when it is gone;
 * then "done", or "told" when it has written itself why it is about to end the job. One sentence ends this process.
 */
import { rmSync, writeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

const [path, ranks] = process.argv.slice(2);
let missing = Number(ranks);
let told = false;

const server = createServer((socket: Socket) => {
  let sentence: string | null = null;
  let done = false;
  let gone = false;
  createInterface(socket).on("line", (line) => {
    if (sentence === null) {
      sentence = JSON.parse(line);
      socket.write("watched\n");
    } else if (line === "told") told = true;
    else done = true;
  });
  const leave = () => {
    if (gone) return;
    gone = true;
    missing--;
    if (!done && !told) end(sentence);
    if (missing === 0) end(null);
  };
  // These two come in the order of the system; "close" does not.
  socket.on("end", leave);
  socket.on("error", leave);
});
server.listen(path, () => process.stdout.write("listening\n"));

function end(sentence: string | null): void {
  if (sentence !== null) writeSync(2, `batchnorm-mpi: ${sentence}; the other ranks end with it\n`);
  server.close();
  rmSync(`${path}.told`, { force: true });
  process.exit();
}
