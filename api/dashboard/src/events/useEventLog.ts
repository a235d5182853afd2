/** One list of events: its newest page, older ones on demand, and live news; heals itself after an outage. */

import { useCallback, useEffect, useReducer, useRef } from "react";
import type { EventFilter } from "@/events/filter";
import { familiesOf, matches } from "@/events/filter";
import { addLive, appendPage, EMPTY_LOG, type EventLog, refill } from "@/events/log";
import { apiPath, getJson } from "@/server/client";
import type { EventPage, SceneEvent } from "@/server/contract";
import { useLink, useLinkState } from "@/server/provider";

/** More events than this, or sooner after the last ones, are a burst: they appear without movement. */
const CALM_BATCH = 4;
const CALM_PAUSE_MS = 500;
const RETRY_MS = 3_000;

interface ListState {
  log: EventLog;
  status: "loading" | "ready" | "failed";
  olderStatus: "idle" | "loading" | "failed";
  /** Ids that have just come one by one, and may move in. */
  fresh: ReadonlySet<string>;
  /** When live events last came, ms of any steady clock. */
  liveAt: number;
}

type Change =
  | { type: "live"; events: readonly SceneEvent[]; at: number }
  | { type: "page"; page: EventPage; since: readonly SceneEvent[] }
  | { type: "failed" }
  | { type: "older"; page: EventPage }
  | { type: "olderStatus"; status: ListState["olderStatus"] };

const NONE: ReadonlySet<string> = new Set();
const START: ListState = { log: EMPTY_LOG, status: "loading", olderStatus: "idle", fresh: NONE, liveAt: 0 };

function reduce(state: ListState, change: Change): ListState {
  switch (change.type) {
    case "live": {
      const calm =
        state.status === "ready" &&
        change.events.length <= CALM_BATCH &&
        change.at - state.liveAt > CALM_PAUSE_MS;
      return {
        ...state,
        log: addLive(state.log, change.events),
        fresh: calm ? new Set(change.events.map((event) => event.id)) : NONE,
        liveAt: change.at,
      };
    }
    case "page":
      return { ...state, log: refill(state.log, change.page, change.since), status: "ready", fresh: NONE };
    case "failed":
      return { ...state, status: state.status === "ready" ? "ready" : "failed" };
    case "older":
      return { ...state, log: appendPage(state.log, change.page), olderStatus: "idle", fresh: NONE };
    case "olderStatus":
      return { ...state, olderStatus: change.status };
  }
}

function eventsPath(filter: EventFilter, limit: number, cursor: string | null): string {
  const { kind, camera, label, before } = filter;
  return apiPath("/events", { family: familiesOf(filter), kind, camera, label, to: before, limit, cursor });
}

export interface EventList extends ListState {
  loadOlder: () => void;
}

/** @param filter Must stay the same object; give the component a key to change it. */
export function useEventLog(filter: EventFilter, limit = 50): EventList {
  const link = useLink();
  const { generation } = useLinkState();
  const [state, dispatch] = useReducer(reduce, START);
  /** What comes live while a page is on its way; null while none is. */
  const meanwhile = useRef<SceneEvent[] | null>(null);

  useEffect(() => {
    if (filter.before !== null) return;
    return link.onEvents((batch) => {
      const mine = batch.filter((event) => matches(filter, event));
      if (mine.length === 0) return;
      meanwhile.current?.push(...mine);
      dispatch({ type: "live", events: mine, at: performance.now() });
    });
  }, [link, filter]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new generation means that news were missed
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      meanwhile.current = [];
      try {
        const page = await getJson<EventPage>(eventsPath(filter, limit, null), abort.signal);
        dispatch({ type: "page", page, since: meanwhile.current ?? [] });
        meanwhile.current = null;
      } catch {
        if (abort.signal.aborted) return;
        dispatch({ type: "failed" });
        timer = setTimeout(load, RETRY_MS);
      }
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [filter, limit, generation]);

  const { next } = state.log;
  const busy = state.olderStatus === "loading";
  const loadOlder = useCallback(async () => {
    if (next === null || busy) return;
    dispatch({ type: "olderStatus", status: "loading" });
    try {
      dispatch({ type: "older", page: await getJson<EventPage>(eventsPath(filter, limit, next)) });
    } catch {
      dispatch({ type: "olderStatus", status: "failed" });
    }
  }, [filter, limit, next, busy]);

  return { ...state, loadOlder };
}
