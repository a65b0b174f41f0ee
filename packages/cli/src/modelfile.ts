/** Files of models, whatever is done with them. */
import { extname } from "node:path";
import { BatchNormError } from "batchnorm";
import { OnnxError } from "batchnorm-onnx";
import { InputError } from "./errors.ts";

/** @throws InputError for any other ending than those of models */
export function formatOf(path: string): "ONNX" | "safetensors" {
  const ending = extname(path).toLowerCase();
  if (ending === ".onnx") return "ONNX";
  if (ending === ".safetensors") return "safetensors";
  throw new InputError(`${path}: expected a file that ends in .onnx or .safetensors`);
}

/** Does work on a model; what is wrong with the file, or with what was asked of it, becomes an InputError. */
export async function modelErrors<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof BatchNormError || error instanceof OnnxError) {
      throw new InputError(message.includes(path) ? message : `${path}: ${message}`, { cause: error });
    }
    if (code === "ENOENT") throw new InputError(`${path}: there is no such file`, { cause: error });
    if (code === "EISDIR" || code === "EACCES")
      throw new InputError(`${path}: could not be read: ${message}`, { cause: error });
    throw error;
  }
}
