/** The sections of the paper (Ioffe & Szegedy, 2015) by their numbers. */
export const SECTIONS = {
  "2": "Towards Reducing Internal Covariate Shift",
  "3.1": "Training and Inference with Batch-Normalized Networks",
  "3.2": "Batch-Normalized Convolutional Networks",
  "3.3": "Batch Normalization enables higher learning rates",
  "3.4": "Batch Normalization regularizes the model",
  "4.1": "Activations over time",
  "4.2.1": "Accelerating BN Networks",
  "4.2.2": "Single-Network Classification",
  "4.2.3": "Ensemble Classification",
  "5": "Conclusion",
} as const;

export type Section = keyof typeof SECTIONS;
