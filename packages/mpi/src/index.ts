export { synchronize } from "batchnorm";
export { Communicator, type Traffic } from "./communicator.ts";
export { connect } from "./connect.ts";
export { MpiError, type MpiErrorCode } from "./errors.ts";
