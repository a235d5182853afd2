/**
 * Reads `multipart/x-mixed-replace`: the JPEG pictures of an endless answer.
 *
 * Read here and not by an <img>, because the page has to know that a picture came, keep the last one when
 * the camera goes, and let go of the connection at once when the picture is out of sight.
 */

const HEADER_END = [13, 10, 13, 10];
/** A part that grows beyond this is no picture. */
const MAX_PART_BYTES = 16 * 1024 * 1024;

function find(bytes: Uint8Array, wanted: ArrayLike<number>, from = 0): number {
  const first = wanted[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let same = 1;
    while (same < wanted.length && bytes[at + same] === wanted[same]) same += 1;
    if (same === wanted.length) return at;
  }
  return -1;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

export function boundaryOf(contentType: string | null): string {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType ?? "")?.[1];
  if (!boundary) throw new Error(`not a multipart answer: ${contentType}`);
  return boundary.startsWith("--") ? boundary : `--${boundary}`;
}

interface Part {
  body: Uint8Array<ArrayBuffer>;
  /** Where the rest begins. */
  end: number;
}

/** The first whole part of the bytes; null where it has not all come. */
function firstPart(bytes: Uint8Array<ArrayBuffer>, boundary: Uint8Array): Part | null {
  const start = find(bytes, boundary);
  if (start < 0) return null;
  const headerEnd = find(bytes, HEADER_END, start);
  if (headerEnd < 0) return null;
  const bodyStart = headerEnd + HEADER_END.length;
  const header = new TextDecoder().decode(bytes.subarray(start, headerEnd));
  const length = /content-length:\s*(\d+)/i.exec(header)?.[1];
  if (length !== undefined) {
    const end = bodyStart + Number(length);
    return end <= bytes.length ? { body: bytes.slice(bodyStart, end), end } : null;
  }
  const next = find(bytes, boundary, bodyStart);
  // The line break before a boundary belongs to the boundary.
  return next < 0 ? null : { body: bytes.slice(bodyStart, next - 2), end: next };
}

/** The newest whole picture after every piece that comes; older ones that came with it are skipped. */
export async function* newestParts(
  stream: ReadableStream<Uint8Array>,
  boundary: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const mark = new TextEncoder().encode(boundary);
  const reader = stream.getReader();
  let rest = new Uint8Array(0);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest = joined(rest, value);
      let newest: Uint8Array<ArrayBuffer> | null = null;
      for (let part = firstPart(rest, mark); part; part = firstPart(rest, mark)) {
        newest = part.body;
        rest = rest.slice(part.end);
      }
      if (newest) yield newest;
      if (rest.length > MAX_PART_BYTES) throw new Error("a part of the answer is too large for a picture");
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
