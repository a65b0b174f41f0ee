import type { Settings, Steps } from "../network/algorithm.ts";
import { fixed } from "../words.ts";
import { element, say } from "./element.ts";

const SUBSCRIPTS = ["₁", "₂", "₃", "₄", "₅"];
const two = (value: number) => fixed(value, 2);
/** A negative number after a sign of its own. */
const after = (value: number) => (value < 0 ? `(${two(value)})` : two(value));

/** Each line: what it is called, how the paper has it, with the numbers, what comes out. */
type Line = readonly [formula: string, numbers: string, result: string];

/** The paper's formulas, filled with the numbers of one example. */
export function formulaList() {
  const rows = Array.from({ length: 9 }, () => {
    const formula = element("span", { class: "formula" });
    const numbers = element("span", { class: "numbers" });
    const result = element("strong");
    return { formula, numbers, result, element: element("li", {}, formula, numbers, result) };
  });
  return {
    element: element("ol", { class: "formulas" }, ...rows.map((row) => row.element)),
    draw(inputs: readonly number[], targets: readonly number[], steps: Steps, settings: Settings, chosen: number) {
      for (const [i, line] of linesOf(inputs, targets, steps, settings, chosen).entries()) {
        say(rows[i].formula, line[0]);
        say(rows[i].numbers, line[1]);
        say(rows[i].result, line[2]);
      }
    },
  };
}

function linesOf(
  inputs: readonly number[],
  targets: readonly number[],
  steps: Steps,
  { gamma, beta, throughStatistics }: Settings,
  i: number,
): readonly Line[] {
  const { mean, variance, normalized, outputs, outputGradients, inputGradients, gammaGradient, betaGradient } = steps;
  const n = SUBSCRIPTS[i];
  const count = inputs.length;
  const root = Math.sqrt(variance);
  const dy = outputGradients[i];
  const statistics = throughStatistics ? ` − ∂ℓ/∂β / ${count} − x̂${n} · ∂ℓ/∂γ / ${count}` : "";
  const theirs = throughStatistics
    ? ` − ${after(betaGradient / count)} − ${after(normalized[i])} · ${after(gammaGradient / count)}`
    : "";
  const bias = inputGradients.reduce((sum, value) => sum + value, 0);
  return [
    ["μ = Σ xᵢ / 5", "", two(mean)],
    ["σ² = Σ (xᵢ − μ)² / 5", "", two(variance)],
    [`x̂${n} = (x${n} − μ) / √(σ² + ε)`, `(${two(inputs[i])} − ${after(mean)}) / ${two(root)}`, two(normalized[i])],
    [`y${n} = γ · x̂${n} + β`, `${two(gamma)} · ${after(normalized[i])} + ${after(beta)}`, two(outputs[i])],
    [`∂ℓ/∂y${n} = y${n} − target`, `${two(outputs[i])} − ${after(targets[i])}`, two(dy)],
    ["∂ℓ/∂β = Σ ∂ℓ/∂yᵢ", "", two(betaGradient)],
    ["∂ℓ/∂γ = Σ ∂ℓ/∂yᵢ · x̂ᵢ", "", two(gammaGradient)],
    [
      `∂ℓ/∂x${n} = γ/√(σ² + ε) · (∂ℓ/∂y${n}${statistics})`,
      `${two(gamma)} / ${two(root)} · (${two(dy)}${theirs})`,
      two(inputGradients[i]),
    ],
    ["∂ℓ/∂b = Σ ∂ℓ/∂xᵢ", "", two(bias)],
  ];
}
