/** Mean and standard deviation of each channel, after scaling. */
export interface ChannelStatistics {
  readonly mean: readonly number[];
  /** 1 for a channel that never changes, which division must not make infinite */
  readonly std: readonly number[];
}

/**
 * The statistics of bytes whose last axis are the channels: exact sums, whatever their number.
 *
 * @param bytes  [..., channels]
 * @param scale  by what each byte is multiplied
 */
export function channelStatistics(bytes: Uint8Array, channels: number, scale: number): ChannelStatistics {
  const counts = new Float64Array(256 * channels);
  for (let i = 0; i < bytes.length; i += channels) {
    for (let channel = 0; channel < channels; channel++) counts[256 * channel + bytes[i + channel]]++;
  }
  const values = bytes.length / channels;
  const each = Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    let squares = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = counts[256 * channel + byte];
      sum += count * byte;
      squares += count * byte * byte;
    }
    const mean = sum / values;
    return { mean: mean * scale, std: Math.sqrt(Math.max(0, squares / values - mean * mean)) * scale };
  });
  return { mean: each.map(({ mean }) => mean), std: each.map(({ std }) => std || 1) };
}
