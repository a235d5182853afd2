/**
 * The events that one list shows: newest first, each id once, without holes, and never too many.
 *
 *     live ──add──▶ ┌ newest ┐
 *                   │        │ events, at most `cap`
 *     pages ─append▶└ oldest ┘ next: where the older ones start
 */

import type { EventPage, SceneEvent } from "@/server/contract";

export const EVENT_CAP = 1000;

export interface EventLog {
  readonly events: readonly SceneEvent[];
  /** Cursor of the next older page; null where there is none or the log is full. */
  readonly next: string | null;
  /** The oldest have been let go: what follows is reached by time, not by the cursor. */
  readonly full: boolean;
}

export const EMPTY_LOG: EventLog = { events: [], next: null, full: false };

/** Of two tellings of one event the later: an incident that has ended never begins again. */
function laterTelling(old: SceneEvent, told: SceneEvent): SceneEvent {
  if (old.family === "incident" && old.status === "ended" && told.family === "incident") {
    return told.status === "ended" ? told : old;
  }
  return told;
}

function newestFirst(x: SceneEvent, y: SceneEvent): number {
  return x.id < y.id ? 1 : x.id > y.id ? -1 : 0;
}

function mergeNewestFirst(a: readonly SceneEvent[], b: readonly SceneEvent[]): SceneEvent[] {
  const byId = new Map(a.map((event) => [event.id, event]));
  for (const event of b) {
    const old = byId.get(event.id);
    byId.set(event.id, old ? laterTelling(old, event) : event);
  }
  return [...byId.values()].sort(newestFirst);
}

function capped(events: SceneEvent[], next: string | null, full: boolean, cap: number): EventLog {
  if (events.length <= cap) return { events, next: full ? null : next, full };
  return { events: events.slice(0, cap), next: null, full: true };
}

/** Adds what has just come. News of an event older than the list reaches is left to its own page. */
export function addLive(log: EventLog, batch: readonly SceneEvent[], cap = EVENT_CAP): EventLog {
  const oldest = log.events.at(-1);
  const reachable =
    oldest && (log.full || log.next !== null) ? batch.filter((event) => event.id >= oldest.id) : batch;
  if (reachable.length === 0) return log;
  return capped(mergeNewestFirst(log.events, reachable), log.next, log.full, cap);
}

/** Adds the next older page. */
export function appendPage(log: EventLog, page: EventPage, cap = EVENT_CAP): EventLog {
  return capped(mergeNewestFirst(page.items, log.events), page.next, false, cap);
}

/**
 * Takes the newest page again after a time without news.
 *
 * Where the page reaches back into the log nothing is missing between the two. Where it does not, the log
 * starts anew from the page and from what has come live since: a hole is never passed off as silence.
 */
export function refill(
  log: EventLog,
  page: EventPage,
  since: readonly SceneEvent[],
  cap = EVENT_CAP,
): EventLog {
  const recent = new Set(since.map((event) => event.id));
  const before = log.events.filter((event) => !recent.has(event.id));
  const known = new Set(before.map((event) => event.id));
  const joined = before.length > 0 && (page.next === null || page.items.some((event) => known.has(event.id)));
  if (joined) {
    return capped(
      mergeNewestFirst(log.events, page.items),
      page.next === null ? null : log.next,
      log.full,
      cap,
    );
  }
  return capped(mergeNewestFirst(page.items, since), page.next, false, cap);
}

export function isOpen(event: SceneEvent): boolean {
  return event.family === "incident" && event.status === "began";
}
