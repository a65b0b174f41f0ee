// @ts-check
// The orchestrator's side of a peer: a child process that is started once, keeps its thread pool and compiled code
// warm, sleeps while others are measured, and answers one request at a time (peers/serve.mjs says how).

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Longest wait for an answer, in ms: the slowest case of the slowest peer takes half a minute on a quiet machine. */
const PATIENCE_MS = 300_000;

/** @typedef {import("./cases.mjs").Case} Case */

/**
 * @typedef {object} PeerSpec
 * @property {string} id
 * @property {string} label                        how a table names it
 * @property {number} threads
 * @property {string[]} command                    relative to this folder
 * @property {Record<string, string>} [env]
 * @property {(c: Case) => boolean} measures       the cases it is asked for
 */

/** @type {Set<Peer>} */
const running = new Set();

process.on("exit", () => {
  for (const peer of running) peer.kill();
});

export class Peer {
  /** Why the peer cannot be measured, once known. @type {string | undefined} */
  unavailable;
  /** @type {Record<string, string>} */
  versions = {};

  /** @param {PeerSpec} spec */
  constructor(spec) {
    this.spec = spec;
    const [command, ...rest] = spec.command;
    this.process = spawn(command, rest, {
      cwd: here,
      env: { ...process.env, ...spec.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(this);
    /** Last lines a peer wrote to stderr: shown when it dies. */
    this.complaint = "";
    this.process.stderr.on("data", (text) => {
      this.complaint = (this.complaint + text).slice(-2000);
    });
    this.process.stdin.on("error", () => {}); // A dead peer is reported by its exit, not by the broken pipe.
    this.process.on("error", (error) => this.#end(`${command} could not be started: ${error.message}`));
    this.process.on("exit", (code, signal) => this.#end(`its process ended (${signal ?? `exit ${code}`})`));
    createInterface({ input: this.process.stdout }).on("line", (line) => this.#hear(JSON.parse(line)));
  }

  /** Who waits for the next message. @type {((message: any) => void) | undefined} */
  #answer;
  /** A message that nobody waited for yet: peers say that they are ready when they are. @type {any} */
  #early;

  /** @param {any} message */
  #hear(message) {
    if (this.#answer) this.#answer(message);
    else this.#early = message;
  }

  /** @param {string} reason */
  #end(reason) {
    running.delete(this);
    const last = this.complaint.trim().split("\n").at(-1);
    this.unavailable ??= last ? `${reason}: ${last}` : reason;
    this.#answer?.({ error: this.unavailable });
  }

  /** @returns {Promise<any>} the next message; {error} when the peer dies or says nothing */
  #next() {
    const early = this.#early;
    this.#early = undefined;
    if (early) return Promise.resolve(early);
    if (this.unavailable) return Promise.resolve({ error: this.unavailable });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.unavailable = `no answer within ${PATIENCE_MS / 1e3} s`;
        this.kill();
        resolve({ error: this.unavailable });
      }, PATIENCE_MS);
      this.#answer = (message) => {
        clearTimeout(timer);
        this.#answer = undefined;
        resolve(message);
      };
    });
  }

  /** Waits until the peer is loaded, or known not to be available. */
  async ready() {
    const hello = await this.#next();
    if (hello.ready) this.versions = hello.versions;
    else this.unavailable = hello.unavailable ?? hello.error;
  }

  /**
   * One request, one answer: {error} rather than a rejection.
   *
   * @param {{ op: "check" | "run", case: Case, ms?: number }} request
   * @returns {Promise<{ values?: number[], iterations?: number, seconds?: number, best?: number, error?: string }>}
   */
  ask(request) {
    const answer = this.#next();
    if (!this.unavailable) this.process.stdin.write(`${JSON.stringify(request)}\n`);
    return answer;
  }

  /** Lets the peer end by itself. */
  stop() {
    this.process.stdin.end();
  }

  kill() {
    this.process.kill("SIGKILL");
  }
}
