import { PageError } from "../errors.ts";

/**
 * Fetches the gzipped file of digits and unpacks it.
 *
 * @param report  called with the share that has come, 0 to 1, where the host says how much there is
 * @throws        PageError, in words for the page, when it does not come or is no gzip file
 */
export async function fetchDigits(address: URL, report: (share: number) => void): Promise<Uint8Array> {
  const packed = await download(address, report);
  try {
    const stream = new Blob(packed).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new PageError("The digits came, but the file is damaged.", { cause: error });
  }
}

async function download(address: URL, report: (share: number) => void): Promise<Uint8Array<ArrayBuffer>[]> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  try {
    const response = await fetch(address);
    if (!response.ok || !response.body) throw new PageError(`the host answered ${response.status}`);
    const total = Number(response.headers.get("content-length"));
    let come = 0;
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      chunks.push(part.value);
      come += part.value.length;
      if (total > 0) report(Math.min(come / total, 1));
    }
  } catch (error) {
    const reason = error instanceof PageError ? error.message : "the connection failed";
    throw new PageError(`The digits could not be fetched: ${reason}.`, { cause: error });
  }
  return chunks;
}
