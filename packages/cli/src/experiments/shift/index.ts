import type { Experiment } from "../experiment.ts";
import type { ShiftResults, ShiftSize } from "./results.ts";

export const experiment: Experiment<ShiftSize, ShiftResults> = {
  name: "shift",
  section: "5",
  claim:
    "A network with batch normalization may be made to fit data from another distribution by computing its population means and variances anew.",
  images: "both",
  summary: "new statistics for images that are not like those learned from",
  description:
    "Trains a network on MNIST, and one on CIFAR-10 where batchnorm data cifar10 has stored it, changes contrast, brightness, noise and blur of the test images, and estimates the running statistics anew from unlabelled ones. Draws accuracy before and after, and against the number of images that statistics come from. Takes some twenty minutes on two cores; stopped, it goes on from its last checkpoint.",
  examples: ["", "--quick", "--data fashion --out out/fashion"],
  sizes: {
    full: {
      training: { mnist: { images: 60_000, epochs: 10 }, resnet8: { images: 50_000, epochs: 8 } },
      testImages: 10_000,
    },
    quick: {
      training: { mnist: { images: 60_000, epochs: 2 }, resnet8: { images: 6_400, epochs: 4 } },
      testImages: 600,
    },
  },
  run: () => import("./run.ts"),
  figures: () => import("./figures.ts"),
  page: () => import("./page.ts"),
};
