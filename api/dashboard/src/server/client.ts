/** Questions to the API, and the two ways in which no answer comes. */

const BASE = "/api/v1";

/** The server answered that it will not: problem+json of RFC 9457. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string | null,
  ) {
    super(detail ?? title);
  }
}

/** No answer at all: the server is down, or the network is. */
export class Unreachable extends Error {
  override name = "Unreachable";
}

export type Query = Record<string, string | number | readonly string[] | null | undefined>;

export function apiPath(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) search.append(name, one);
    else if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const tail = search.toString();
  return `${BASE}${path}${tail ? `?${tail}` : ""}`;
}

async function problemOf(response: Response): Promise<Problem> {
  let body: { title?: string; detail?: string } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // A proxy in front answers in HTML: the status still says what is wrong.
  }
  return new Problem(response.status, body.title ?? response.statusText, body.detail ?? null);
}

/**
 * Gets JSON from a path of this origin.
 *
 * @throws Problem where the server answers with an error, Unreachable where it does not answer in time.
 */
export async function getJson<T>(path: string, signal?: AbortSignal, timeoutMs = 10_000): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { Accept: "application/json" },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Unreachable("no answer from the server", { cause });
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as T;
}
