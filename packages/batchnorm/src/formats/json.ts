/**
 * The first key that an object of this JSON text has twice, or null. `JSON.parse` keeps the last of them in silence.
 *
 * @param text what `JSON.parse` has accepted
 */
export function duplicateKey(text: string): string | null {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "{") open.push(new Set());
    else if (c === "}") open.pop();
    else if (c === '"') {
      const end = endOfString(text, i);
      if (isKey(text, end)) {
        const key = JSON.parse(text.slice(i, end)) as string;
        const keys = open[open.length - 1];
        if (keys.has(key)) return key;
        keys.add(key);
      }
      i = end - 1;
    }
  }
  return null;
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

/** Whether the string that ends here has a colon after it. */
function isKey(text: string, end: number): boolean {
  let i = end;
  while (" \t\r\n".includes(text[i] ?? "x")) i++;
  return text[i] === ":";
}
