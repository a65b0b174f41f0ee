import type { Device, Place, Region } from "../device/device.ts";

/** Regions that live and die together: the buffers of one bound plan, the weights of one model. */
export class Arena {
  readonly device: Device;
  #regions: Region[] = [];

  constructor(device: Device) {
    this.device = device;
  }

  allocate(bytes: number): Region {
    const region = this.device.allocate(bytes);
    this.#regions.push(region);
    return region;
  }

  /** Room for `count` float32 or int32, padded to a multiple of 16 of them. */
  words(count: number): Place {
    return { region: this.allocate(64 * Math.ceil(count / 16)), offset: 0 };
  }

  /** Room for `count` float64. */
  doubles(count: number): Place {
    return { region: this.allocate(8 * count), offset: 0 };
  }

  /** Bytes of all regions together. */
  get bytes(): number {
    return this.#regions.reduce((sum, region) => sum + region.bytes, 0);
  }

  free(): void {
    for (const region of this.#regions) this.device.release(region);
    this.#regions = [];
  }
}
