import pc from "picocolors";
import { columns, short } from "../inspect/lines.ts";
import { integer } from "../words.ts";
import { type MovedBatchNorm, type MovedChannel, middleAndEnds } from "./moved.ts";

const MOST_MOVED = 8;

/** What moved: a line for each batch norm, then the channels that moved most, or all of them. */
export function movedLines(batchNorms: readonly MovedBatchNorm[], all: boolean): string[] {
  const head = ["", "channels", "values", "mean moved by, in deviations", "deviation times"];
  const rows = batchNorms.map(({ name, count, channels }) => [
    name,
    integer(channels.length),
    integer(count),
    middleAndEnds(channels.map(({ shift }) => shift)),
    middleAndEnds(channels.map(({ stretch }) => stretch)),
  ]);
  const every = batchNorms.flatMap(({ name, channels }) => channels.map((channel) => ({ name, ...channel })));
  const most = every.toSorted((a, b) => b.move - a.move).slice(0, MOST_MOVED);
  return [
    ...columns([head, ...rows]).map((line, i) => (i === 0 ? pc.dim(line) : line)),
    "",
    all ? "Every channel:" : "Moved most:",
    ...columns((all ? every : most).map(channelRow)),
  ];
}

function channelRow({ name, channel, mean, variance }: MovedChannel & { name: string }): string[] {
  const change = ([before, after]: readonly [number, number]) => `${short(before)} → ${short(after)}`;
  return [`  ${name}[${channel}]`, `mean ${change(mean)}`, `variance ${change(variance)}`];
}
