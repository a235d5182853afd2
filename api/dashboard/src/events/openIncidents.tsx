/** Incidents that go on now: the count in the top bar, and the list behind it. */

import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type EventFilter, matches, NO_FILTER } from "@/events/filter";
import { isOpen } from "@/events/log";
import { type EventList, useEventLog } from "@/events/useEventLog";

const INCIDENTS: EventFilter = { ...NO_FILTER, family: "incident" };
const AT_ONCE = 200;

const IncidentContext = createContext<EventList | null>(null);

export function IncidentProvider({ children }: { children: ReactNode }) {
  return <IncidentContext value={useEventLog(INCIDENTS, AT_ONCE)}>{children}</IncidentContext>;
}

/** The open ones among the newest incidents, newest first. */
export function useOpenIncidents(filter: EventFilter): EventList {
  const incidents = useContext(IncidentContext);
  if (!incidents) throw new Error("useOpenIncidents stands outside IncidentProvider");
  return useMemo(
    () => ({
      ...incidents,
      log: {
        events: incidents.log.events.filter((event) => isOpen(event) && matches(filter, event)),
        next: null,
        full: false,
      },
    }),
    [incidents, filter],
  );
}
