export { ReferenceDevice } from "./reference/device.ts";
