/**
 * The header of an .npy file: six bytes of magic, two of version, the length of what follows, and a Python dictionary
 * with the type, the order and the shape of the values after it.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { InputError } from "../errors.ts";

export interface NpyHeader {
  /** Kind and bytes of a value: "f4". */
  readonly type: string;
  readonly isBigEndian: boolean;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly begin: number;
}

const MAGIC = "\x93NUMPY";
/** Bytes before the length of the dictionary. */
const VERSION_END = 8;
/** Only fields with names, which are not read here, need more. */
const MOST_BYTES = 65_535;
const FIELD = /'(\w+)'\s*:\s*('[^']*'|True|False|\([\d,\s]*\))\s*(?:,\s*|$)/y;
const FIELDS = ["descr", "fortran_order", "shape"];

/**
 * @param bytes   the file from its beginning
 * @param source  what messages call the file
 * @throws        InputError when it breaks a rule of the format, or the values are in Fortran's order
 */
export function parseNpyHeader(bytes: Uint8Array, source: string): NpyHeader {
  const latin = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString("latin1");
  if (latin(0, MAGIC.length) !== MAGIC) {
    throw new InputError(`${source}: expected an .npy file, which begins with \\x93NUMPY, got something else`);
  }
  if (bytes.length < VERSION_END + 4) throw cutOff(source);
  const [major, minor] = bytes.subarray(MAGIC.length, VERSION_END);
  if (![1, 2, 3].includes(major) || minor !== 0) {
    throw new InputError(`${source}: expected version 1.0, 2.0 or 3.0 of the .npy format, got ${major}.${minor}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(VERSION_END, true) : view.getUint32(VERSION_END, true);
  const start = VERSION_END + (major === 1 ? 2 : 4);
  if (length > MOST_BYTES) {
    throw new InputError(`${source}: expected a header of at most ${MOST_BYTES} bytes, got ${length}`);
  }
  const begin = start + length;
  if (begin > bytes.length) throw cutOff(source);
  return { ...parseDictionary(latin(start, begin), source), begin };
}

function cutOff(source: string): InputError {
  return new InputError(`${source}: the file is cut off inside its header`);
}

function parseDictionary(text: string, source: string): Omit<NpyHeader, "begin"> {
  const fields = fieldsOf(text);
  const shape = fields && shapeIn(fields.get("shape") ?? "");
  const order = fields?.get("fortran_order") ?? "";
  const descr = /^'(.*)'$/.exec(fields?.get("descr") ?? "")?.[1];
  if (!shape || !/^(True|False)$/.test(order) || descr === undefined) {
    const got = text.trim().slice(0, 100);
    throw new InputError(`${source}: expected a header with descr, fortran_order and shape of an array, got ${got}`);
  }
  if (order === "True") {
    throw new InputError(`${source}: its values are in Fortran's order: save np.ascontiguousarray(x) instead of x`);
  }
  const [, endian, type] = /^([<>|])([a-zA-Z]\d)$/.exec(descr) ?? [];
  if (type === undefined || (endian === "|" && !type.endsWith("1"))) {
    throw new InputError(`${source}: expected numbers or booleans of a fixed size, got values of type '${descr}'`);
  }
  return { type, isBigEndian: endian === ">", shape };
}

/** Each of the three fields once, as it stands; null for any other text. */
function fieldsOf(text: string): Map<string, string> | null {
  const body = /^\s*\{\s*(.*)\}\s*$/s.exec(text)?.[1] ?? "";
  const fields = new Map<string, string>();
  FIELD.lastIndex = 0;
  while (FIELD.lastIndex < body.length) {
    const [, name, value] = FIELD.exec(body) ?? [];
    if (!FIELDS.includes(name) || fields.has(name)) return null;
    fields.set(name, value);
  }
  return fields.size === FIELDS.length ? fields : null;
}

/** Of a Python tuple: "()", "(3,)", "(3, 4)"; null for anything else. */
function shapeIn(text: string): number[] | null {
  if (!text.startsWith("(")) return null;
  const items = text.slice(1, -1).split(",");
  const last = items[items.length - 1];
  if (last.trim() === "") items.pop();
  else if (items.length === 1) return null;
  const sizes = items.map((item) => (/^\s*\d+\s*$/.test(item) ? Number(item) : Number.NaN));
  return sizes.every(Number.isSafeInteger) ? sizes : null;
}
