import { Dataset, gaussian, initialize, Linear, Sequential, SGD, Trainer } from "batchnorm";
import { describe, expect, onTestFinished, test } from "vitest";
import { ALONE } from "#dist/team/team.js";
import { EMPTY_JOURNAL, type Journal, meanLoss } from "#dist/training/journal.js";
import { type Course, carryOut } from "#dist/training/loop.js";

interface Point {
  step: number;
  loss: number | null;
}

/** 12 examples in batches of 4: 3 steps a pass. */
const data = new Dataset({
  data: Uint8Array.from({ length: 24 }, (_, i) => (i * 7) % 5),
  shape: [2],
  labels: Uint8Array.from({ length: 12 }, (_, i) => i % 3),
});

function newTrainer(lr = 0.1): Trainer {
  const model = new Sequential(new Linear(2, 3));
  initialize(model, gaussian(0.5), { seed: 2 });
  const trainer = new Trainer(model, { optimizer: new SGD({ lr, momentum: 0.9 }), threads: 1, seed: 3 });
  onTestFinished(async () => {
    await trainer.close();
  });
  return trainer;
}

/** A training of 8 steps that is measured after 2, 6 and 8, and what was kept of it on its way. */
function training(choices: Partial<Course<Point>> & { lr?: number } = {}) {
  const kept: { journal: Journal<Point>; bytes: Uint8Array }[] = [];
  const told: string[] = [];
  const trainer = choices.trainer ?? newTrainer(choices.lr);
  const course: Course<Point> = {
    trainer,
    data,
    steps: 8,
    batchSize: 4,
    team: ALONE,
    stepped: (step) => told.push(`step ${step}`),
    measuresAt: (step) => [2, 6, 8].includes(step),
    measure: async ({ step, sums }) => ({ step, loss: meanLoss(sums) }),
    measured: ({ points }) => told.push(`point ${points.at(-1)?.step}`),
    async save(journal) {
      told.push(`saved ${journal.step}`);
      kept.push({ journal, bytes: await trainer.save() });
    },
    ...choices,
  };
  const weights = () => trainer.model.parameters().map(({ data }) => [...data]);
  return { kept, told, weights, trainer, run: (from: Journal<Point> = EMPTY_JOURNAL) => carryOut(course, from) };
}

test("points come where they are asked for, and it is kept after every pass", async () => {
  const { run, told } = training();
  const { journal, end, divergedAt } = await run();
  expect({ end, divergedAt, step: journal.step }).toEqual({ end: "finished", divergedAt: null, step: 8 });
  expect(told.join(", ")).toBe(
    "step 1, step 2, point 2, step 3, saved 3, step 4, step 5, step 6, point 6, saved 6, step 7, step 8, point 8",
  );
  expect(journal.times).toHaveLength(3);
});

test("a point is of the mean loss that the trainer reports, whatever the steps of a report", async () => {
  const losses: number[] = [];
  for await (const { loss } of newTrainer().iterate(data, { steps: 8, batchSize: 4, every: 1 })) losses.push(loss);
  const mean = (from: number, to: number) => losses.slice(from, to).reduce((a, b) => a + b) / (to - from);
  const { journal } = await training().run();
  expect(journal.points.map(({ loss }) => loss)).toEqual([mean(0, 2), mean(2, 6), mean(6, 8)]);
  const { told, run } = training({ every: 2 });
  const rare = await run();
  expect(told.filter((line) => line.startsWith("step"))).toEqual(["step 2", "step 4", "step 6", "step 8"]);
  for (const [index, loss] of [mean(0, 2), mean(2, 6), mean(6, 8)].entries()) {
    expect(rare.journal.points[index].loss).toBeCloseTo(loss, 12);
  }
});

describe("a training that is stopped goes on to the same weights and points", () => {
  const stoppedAt = async (stop: (controller: AbortController) => Partial<Course<Point>>) => {
    const whole = training();
    const { journal } = await whole.run();
    const controller = new AbortController();
    const first = training({ signal: controller.signal, ...stop(controller) });
    const stopped = await first.run();
    expect(stopped.end).toBe("interrupted");
    const left = first.kept.at(-1);
    expect(left?.journal).toBe(stopped.journal);
    await first.trainer.close();

    const second = training();
    await second.trainer.resume(left?.bytes ?? new Uint8Array());
    const resumed = await second.run(left?.journal);
    expect(resumed.end).toBe("finished");
    expect(second.weights()).toEqual(whole.weights());
    expect(resumed.journal.points).toEqual(journal.points);
    return { first, second, stopped };
  };

  test("between two points", async () => {
    const { stopped, second } = await stoppedAt((controller) => ({
      stepped: (step) => step === 4 && controller.abort(),
    }));
    expect(stopped.journal).toMatchObject({ step: 4, points: [{ step: 2 }] });
    expect(second.told[0]).toBe("step 5");
  });

  test.each([6, 8])("while step %i is measured, which is then done first", async (at) => {
    const { stopped, second } = await stoppedAt((controller) => ({
      async measure({ step, sums }) {
        if (step === at) controller.abort();
        return step === at ? null : { step, loss: meanLoss(sums) };
      },
    }));
    expect(stopped.journal.step).toBe(at);
    expect(second.told.slice(0, 2)).toEqual([`point ${at}`, `saved ${at}`]);
  });
});

test("one that is finished is not trained, measured or kept again, also when it is told to stop", async () => {
  const { run, trainer, told } = training();
  const { journal } = await run();
  told.length = 0;
  const again = training({ trainer, signal: AbortSignal.abort() });
  expect(await again.run(journal)).toEqual({ journal, end: "finished", divergedAt: null });
  expect(again.told).toEqual([]);
});

test("a loss that is not finite ends it, and nothing of that step is kept", async () => {
  const { run, told, kept } = training({ lr: 1e38 });
  const { journal, end, divergedAt } = await run();
  expect(end).toBe("diverged");
  expect(divergedAt).toBe(journal.step + 1);
  expect(told).not.toContain(`step ${divergedAt}`);
  expect(Number.isFinite(journal.sums.loss)).toBe(true);
  expect(kept).toEqual([]);
});
