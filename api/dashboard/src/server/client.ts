/** Questions to the API, and the two ways in which no answer comes. */

const BASE = "/api/v1";

/** The server answered that it will not: problem+json of RFC 9457. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string | null,
    /** Which one, such as `clip-not-ready`; empty where the status says it all. */
    readonly kind = "",
    /** When it is worth asking again, s; null where the server does not say. */
    readonly retryAfterS: number | null = null,
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

const KIND = /^urn:ngatu:/;

/** What an answer that is an error says. */
export async function problemOf(response: Response): Promise<Problem> {
  let body: { type?: string; title?: string; detail?: string } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // A proxy in front answers in HTML: the status still says what is wrong.
  }
  const retryAfterS = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new Problem(
    response.status,
    body.title ?? response.statusText,
    body.detail ?? null,
    body.type && KIND.test(body.type) ? body.type.replace(KIND, "") : "",
    Number.isNaN(retryAfterS) ? null : retryAfterS,
  );
}

/**
 * Asks for a path of this origin; the answer may well be an error.
 *
 * @throws Unreachable where no answer comes in time.
 */
export async function ask(
  path: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
  timeoutMs = 10_000,
): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    return await fetch(path, { headers, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Unreachable("no answer from the server", { cause });
  }
}

/**
 * Gets JSON from a path of this origin.
 *
 * @param alsoStatus A status of an error whose answer has the same shape.
 * @throws Problem where the server answers with an error, Unreachable where it does not answer in time.
 */
export async function getJson<T>(
  path: string,
  signal?: AbortSignal,
  timeoutMs?: number,
  alsoStatus?: number,
): Promise<T> {
  const response = await ask(path, { Accept: "application/json" }, signal, timeoutMs);
  if (!response.ok && response.status !== alsoStatus) throw await problemOf(response);
  return (await response.json()) as T;
}
