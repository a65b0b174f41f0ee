import { button, element } from "./element.ts";

export interface Saving {
  numbers(): void;
  bitmap(): void;
  drawing(): void;
}

/** What can be taken along, and whose work this is. */
export function footPanel(host: HTMLElement, saving: Saving): void {
  const link = (address: string, text: string) => element("a", { href: address, rel: "noopener" }, text);
  host.append(
    element(
      "div",
      { class: "buttons" },
      element("span", {}, "Save the race as"),
      button("JSON", saving.numbers),
      button("PNG", saving.bitmap),
      button("SVG", saving.drawing),
    ),
    element(
      "p",
      {},
      "After S. Ioffe and C. Szegedy, ",
      link(
        "https://arxiv.org/abs/1502.03167",
        "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
      ),
      ", 2015.",
    ),
    element(
      "p",
      {},
      "Digits: the first 20,000 training and 4,000 test images of MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges, in black and white. They are trained on here, in this page: nothing you draw or do leaves it.",
    ),
    element("p", {}, "Trained by the library batchnorm, curves drawn by uPlot; both under the MIT licence."),
  );
}
