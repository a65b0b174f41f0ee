export * from "./kernels";
export { close, fail, listen, open, settle, walk, walkAlone } from "./threads";
