/** What batch norm does a channel, as plain loops: part of the reference. */
import type { Reference } from "./named.ts";

type StatisticsKernel =
  | "mergeMoments"
  | "batchCoefficients"
  | "runningCoefficients"
  | "trackStatistics"
  | "mergeGradSums"
  | "gradCoefficients"
  | "tally";

interface Coefficients {
  gamma: Float32Array;
  beta: Float32Array;
  center: Float32Array;
  scale: Float32Array;
  shift: Float32Array;
}

/** gamma·(x − mean)·rstd + beta as (x − center)·scale + shift, of a channel. */
function setCoefficients(
  { gamma, beta, center, scale, shift }: Coefficients,
  c: number,
  mean: number,
  rstd: number,
): void {
  const s = (gamma.length ? gamma[c] : 1) * rstd;
  center[c] = mean;
  scale[c] = s;
  shift[c] = (beta.length ? beta[c] : 0) - (mean - Math.fround(mean)) * s;
}

const reciprocalRoot = (v: number) => (v === 0 ? 0 : 1 / Math.sqrt(v));

export const statisticsReference: Pick<Reference, StatisticsKernel> = {
  mergeMoments({ partMean, partM2, parts, channels, rows, rowsPerPart, mean, m2 }) {
    for (let c = 0; c < channels; c++) {
      let done = 0;
      let [centre, spread] = [0, 0];
      for (let i = 0; i < parts; i++) {
        const more = Math.min(rowsPerPart, rows - done);
        const delta = partMean[i * channels + c] - centre;
        const weight = more / (done + more);
        centre = i === 0 ? partMean[c] : centre + delta * weight;
        spread = i === 0 ? partM2[c] : spread + (partM2[i * channels + c] + delta * delta * (done * weight));
        done += more;
      }
      mean[c] = centre;
      m2[c] = spread;
    }
  },
  batchCoefficients({ mean, m2, count, eps, channels, variance, rstd, ...coefficients }) {
    for (let c = 0; c < channels; c++) {
      const v = Math.max(m2[c] / count[0], 0);
      variance[c] = v;
      rstd[c] = v < Number.POSITIVE_INFINITY ? reciprocalRoot(v + eps[0]) : Number.NaN;
      setCoefficients(coefficients, c, mean[c], rstd[c]);
    }
  },
  runningCoefficients({ runningMean, runningVar, eps, channels, mean, rstd, ...coefficients }) {
    for (let c = 0; c < channels; c++) {
      mean[c] = runningMean[c];
      rstd[c] = reciprocalRoot(runningVar[c] + eps[0]);
      setCoefficients(coefficients, c, mean[c], rstd[c]);
    }
  },
  trackStatistics(args) {
    const { mean, variance, count, momentum, unbiased, channels, runningMean, runningVar, batches, refused } = args;
    batches[0]++;
    const correction = unbiased ? count[0] / (count[0] - 1) : 1;
    for (let c = 0; c < channels; c++) {
      const weight = Number.isNaN(momentum[0]) ? 1 / (batches[0] - refused[c]) : momentum[0];
      const newMean = Math.fround((1 - weight) * runningMean[c] + weight * mean[c]);
      const newVariance = Math.fround((1 - weight) * runningVar[c] + weight * variance[c] * correction);
      if (Number.isFinite(newMean) && Number.isFinite(newVariance)) {
        runningMean[c] = newMean;
        runningVar[c] = newVariance;
      } else refused[c]++;
    }
  },
  mergeGradSums(args) {
    const { sumDy, sumDyX, parts, channels, center, mean, rstd, sums, dgamma, dbeta, total, first } = args;
    for (let c = 0; c < channels; c++) {
      let [beta, products] = [0, 0];
      for (let i = 0; i < parts; i++) {
        beta += sumDy[i * channels + c];
        products += sumDyX[i * channels + c];
      }
      let gamma = (products - (mean[c] - center[c]) * beta) * rstd[c];
      sums[c] = beta;
      sums[channels + c] = gamma;
      if (total.length) {
        if (!first) {
          beta += total[c];
          gamma += total[channels + c];
        }
        total[c] = beta;
        total[channels + c] = gamma;
      }
      if (dgamma.length) dgamma[c] = gamma;
      if (dbeta.length) dbeta[c] = beta;
    }
  },
  gradCoefficients({ sums, mean, rstd, count, gamma, center, channels, a, b, c: constant }) {
    for (let c = 0; c < channels; c++) {
      const scale = (gamma.length ? gamma[c] : 1) * rstd[c];
      a[c] = scale;
      if (!sums.length) continue;
      const slope = (-scale * rstd[c] * sums[channels + c]) / count[0];
      b[c] = slope;
      constant[c] = -((scale * sums[c]) / count[0]) - slope * (mean[c] - center[c]);
    }
  },
  tally({ loss, correct, losses, rows, divisor, weight, result }) {
    let sum = 0;
    for (let i = 0; i < losses; i++) sum += loss[i];
    result[0] = sum / divisor[0];
    result[1] = 0;
    for (let r = 0; r < (correct.length ? rows : 0); r++) result[1] += correct[r];
    result[2] += result[0] * weight[0];
    result[3] += result[1];
  },
};
