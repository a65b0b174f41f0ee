import { type Device, isHost, type Place, type Views } from "../device/device.ts";
import { check } from "../errors.ts";

/** Where a device keeps values, and whether what it last read from there is still so. */
export interface Home {
  readonly device: Device;
  readonly place: Place;
  /** Shared by all that live together; only looked at where JavaScript cannot see the device's memory. */
  readonly copy: { current: boolean };
}

type Values = Float32Array | Float64Array;

/**
 * Values that live in an ordinary array, or for a while on a device. On one whose memory JavaScript can see, the array is
 * a view of it meanwhile; on another, a copy that is as good as the last time it was read back.
 */
export class Resident<A extends Values> {
  readonly #own: A;
  #home: Home | null = null;
  #views: Views | null = null;
  #view: A | null = null;

  constructor(values: A) {
    this.#own = values;
  }

  /** @throws BatchNormError E_STATE where the device has newer values that were not read back */
  get data(): A {
    const home = this.#home;
    if (!home) return this.#own;
    const { device, place } = home;
    if (!isHost(device)) {
      check(home.copy.current, "E_STATE", "Parameter", () => {
        return "expected values that were read back from the device: await trainer.synchronize() first, or close the trainer";
      });
      return this.#own;
    }
    const views = device.view(place.region);
    if (views !== this.#views || !this.#view) {
      const all = this.#own instanceof Float32Array ? views.f32 : views.f64;
      this.#view = all.subarray(place.offset, place.offset + this.#own.length) as A;
      this.#views = views;
    }
    return this.#view;
  }

  get home(): Home | null {
    return this.#home;
  }

  /** Whether `data` can be had. */
  get readable(): boolean {
    return this.#home === null || isHost(this.#home.device) || this.#home.copy.current;
  }

  /** Replaces the values, wherever they are. */
  write(values: ArrayLike<number>): void {
    if (!this.#home || isHost(this.#home.device)) {
      this.data.set(values);
      return;
    }
    this.#own.set(values);
    const { device, place } = this.#home;
    device.write(place.region, place.offset * this.#own.BYTES_PER_ELEMENT, this.#own);
  }

  /** Moves the values to a device, or from one to another. */
  moveTo(home: Home): void {
    const values = this.data;
    home.device.write(home.place.region, home.place.offset * values.BYTES_PER_ELEMENT, values);
    this.#live(home);
  }

  /** Reads the values back into the own array. Done when it returns where JavaScript can see the device's memory. */
  async readBack(): Promise<void> {
    if (!this.#home) return;
    const { device, place } = this.#home;
    if (isHost(device)) this.#own.set(this.data);
    else await device.read(place.region, place.offset * this.#own.BYTES_PER_ELEMENT, this.#own);
  }

  /** The own array counts again, as it was last read back. */
  moveOut(): void {
    this.#live(null);
  }

  #live(home: Home | null): void {
    this.#home = home;
    this.#views = null;
    this.#view = null;
  }
}
