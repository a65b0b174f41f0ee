/** Every kernel of the contract. */
export { affinePlanes, affineRows } from "./affine";
export { addition, copyColumns } from "./combine";
export { conv } from "./conv";
export { convGradMerge, convGradWeight } from "./convgradweight";
export { packConv } from "./convpack";
export { gatherBytes, gatherFloats, gatherImages } from "./gather";
export { gemm } from "./gemm";
export { gradInputPlanes, gradInputRows } from "./gradinput";
export { gradSumsPlanes } from "./gradsumsplanes";
export { gradSumsRows } from "./gradsumsrows";
export { momentsPlanes } from "./momentsplanes";
export { momentsRows } from "./momentsrows";
export { adam, sgd } from "./optim";
export { averagePool, averagePoolGrad, maxPool, maxPoolGrad } from "./pool";
export { dropout, relu, reluGrad, sigmoid, sigmoidGrad, tanh, tanhGrad } from "./pointwise";
export { softmaxCrossEntropy } from "./softmax";
export { squaredError } from "./squarederror";
export {
  batchCoefficients,
  gradCoefficients,
  mergeGradSums,
  mergeMoments,
  runningCoefficients,
  trackStatistics,
} from "./statistics";
export { sumRows } from "./sumrows";
export { tally } from "./tally";
export { winograd } from "./winograd";
export { winogradGradWeight, winogradWeights } from "./winogradweights";
