export type { Dtype } from "./dtypes.ts";
export { readSafetensors, type SafeTensor, type SafeTensors, writeSafetensors } from "./safetensors.ts";
export { bfloat16, float16, fromBits, type SmallFloat, toBits } from "./smallfloat.ts";
