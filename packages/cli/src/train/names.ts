/** What `batchnorm train` can train: stands in `--help`, and in the refusal of another name. */
export const MODEL_NAMES = "mnist, inception, resnet20 (or another resnetN with N = 6n + 2, such as resnet8)";

/** What it can be trained on. */
export const DATASET_NAMES = ["mnist", "cifar10"] as const;
