import type { Place, TypedArray } from "../device/device.ts";
import type { Parameter } from "../plan/parameter.ts";
import type { Operand, Site } from "../plan/site.ts";
import type { Span } from "../plan/step.ts";
import { Operation } from "./operation.ts";

/** What a layer in plain TypeScript computes from: arrays that are good until the function returns. */
export interface PlainForward {
  readonly inputs: readonly Float32Array[];
  readonly shapes: readonly (readonly number[])[];
  /** By the names of the layer's fields. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  /** To be filled, all of it. */
  readonly output: Float32Array;
  readonly training: boolean;
}

/** What its gradients are made from. */
export interface PlainBackward extends PlainForward {
  /** What `compute` gave. */
  readonly output: Float32Array;
  /** Of the output. */
  readonly gradient: Float32Array;
  /** Zeros, to be filled or added to; null where nobody wants it. */
  readonly inputGradients: readonly (Float32Array | null)[];
  readonly parameterGradients: Readonly<Record<string, Float32Array | null>>;
}

/**
 * A layer with its forward and backward pass in plain TypeScript, over ordinary arrays: the quickest way to a layer that the
 * library has not, if not the fastest one. Parameters are its fields. `checkGradients` tells whether the two passes fit.
 *
 *     class Square extends PlainLayer {
 *       override infer(shape: readonly number[]) {
 *         return shape;
 *       }
 *       override compute({ inputs: [x], output }: PlainForward) {
 *         for (let i = 0; i < x.length; i++) output[i] = x[i] ** 2;
 *       }
 *       override differentiate({ inputs: [x], gradient, inputGradients: [dx] }: PlainBackward) {
 *         if (dx) for (let i = 0; i < x.length; i++) dx[i] = 2 * x[i] * gradient[i];
 *       }
 *     }
 */
export abstract class PlainLayer extends Operation {
  abstract compute(values: PlainForward): void;

  abstract differentiate(values: PlainBackward): void;

  override bind(site: Site): void {
    const output = site.output();
    const training = site.training(this);
    const own = Object.entries(this.ownParameters()).filter((entry): entry is [string, Parameter] => entry[1] !== null);
    const shapes = site.inputs.map(({ shape }) => shape);
    const inputs = site.inputs.map(spanOf);
    const parameters = own.map(([, parameter]): Span => {
      return { place: site.parameter(parameter) as Place, type: "f32", count: parameter.size };
    });
    const named = (arrays: readonly (TypedArray | null)[]) =>
      Object.fromEntries(own.map(([name], i) => [name, arrays[i] as Float32Array]));
    const [n, m] = [inputs.length, inputs.length + own.length];
    site.point({
      reads: [...inputs, ...parameters],
      writes: [spanOf(output)],
      act: (...arrays) => {
        const given = { inputs: arrays.slice(0, n) as Float32Array[], shapes, parameters: named(arrays.slice(n, m)) };
        this.compute({ ...given, output: arrays[m] as Float32Array, training });
      },
    });
    site.backward([...site.inputs, output], (dy) => {
      const gradients = site.inputs.map((input, i): Span | null => {
        const place = site.gradient(i);
        return place && { place, type: "f32", count: input.size };
      });
      const ofParameters = own.map(([, parameter]): Span | null => {
        const place = site.gradientOf(parameter);
        return place && { place, type: "f32", count: parameter.size };
      });
      const wanted = [...gradients, ...ofParameters];
      site.point({
        reads: [...inputs, ...parameters, spanOf(output), { place: dy, type: "f32", count: output.size }],
        writes: wanted.filter((span) => span !== null),
        act: (...arrays) => {
          const filled = arrays.slice(m + 2);
          for (const array of filled) array.fill(0);
          const results = wanted.map((span) => (span ? (filled.shift() as Float32Array) : null));
          this.differentiate({
            inputs: arrays.slice(0, n) as Float32Array[],
            shapes,
            parameters: named(arrays.slice(n, m)),
            output: arrays[m] as Float32Array,
            gradient: arrays[m + 1] as Float32Array,
            inputGradients: results.slice(0, n),
            parameterGradients: named(results.slice(n)),
            training,
          });
        },
      });
    });
  }
}

const spanOf = ({ at: place, size: count }: Operand): Span => ({ place, type: "f32", count });
