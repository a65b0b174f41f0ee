import type { Dtype } from "batchnorm/formats";
import { SafetensorsFile } from "batchnorm/node";
import type { TypedArray } from "batchnorm-onnx";
import { InputError } from "../errors.ts";
import { modelErrors } from "../modelfile.ts";
import { arrayIn } from "./npz.ts";
import { type Samples, samplesAlong } from "./samples.ts";

const dtypes: Readonly<Record<Dtype, string>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  U8: "uint8",
};

/**
 * The arrays of a .safetensors file; each is read when its samples are first asked for, and kept.
 *
 * @throws InputError when the file cannot be read or breaks a rule of the format
 */
export async function openSafetensors(path: string): Promise<Samples[]> {
  const tensors = await withFile(path, async (file) => [...file.tensors]);
  if (tensors.length === 0) throw new InputError(`${path}: expected arrays, got a file without any`);
  return tensors.map(([name, { dtype, shape }]) => {
    let values: Promise<TypedArray> | undefined;
    const read = () => withFile(path, async (file) => (await file.read(name)).data);
    return samplesAlong({
      name,
      source: arrayIn(path, name),
      shape,
      dtype: dtypes[dtype],
      load: () => {
        values ??= read();
        return values;
      },
    });
  });
}

function withFile<T>(path: string, use: (file: SafetensorsFile) => Promise<T>): Promise<T> {
  return modelErrors(path, async () => {
    const file = await SafetensorsFile.open(path);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  });
}
