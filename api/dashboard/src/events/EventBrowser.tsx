/** Filters, list and detail of events; which ones and which is open stands in the address. */

import { type ReactNode, useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { EventDetail } from "@/events/EventDetail";
import { EventFilters } from "@/events/EventFilters";
import { type Density, EventList } from "@/events/EventList";
import { type EventFilter, filterOf, isFiltered, withFilter } from "@/events/filter";
import { useOpenIncidents } from "@/events/openIncidents";
import { type EventList as Events, useEventLog } from "@/events/useEventLog";
import { detailWords } from "@/events/words";
import { useNarrow } from "@/frame/useNarrow";
import { useLanguage } from "@/language/provider";
import type { SceneEvent } from "@/server/contract";
import { useCameras, useEvent } from "@/server/provider";

interface Props {
  density: Density;
  heading: ReactNode;
  /** Only this camera's events. */
  camera?: string | undefined;
}

export function EventBrowser({ density: wide, heading, camera }: Props) {
  // A row of the table has no room on a telephone.
  const density = useNarrow() ? "column" : wide;
  const search = useSearch();
  const [path, go] = useLocation();
  const cameras = useCameras().data ?? [];
  const wanted = withFilter("", { ...filterOf(search), ...(camera === undefined ? {} : { camera }) });
  const filter = useMemo(() => filterOf(wanted), [wanted]);
  const chosen = new URLSearchParams(search).get("event");

  const goTo = (query: string, replace: boolean) => go(query ? `${path}?${query}` : path, { replace });
  const change = (next: EventFilter) => {
    const query = new URLSearchParams(
      withFilter(search, camera === undefined ? next : { ...next, camera: null }),
    );
    query.delete("event");
    goTo(query.toString(), false);
  };
  const choose = (event: SceneEvent | null) => {
    const query = new URLSearchParams(search);
    if (event) query.set("event", event.id);
    else query.delete("event");
    // Moving along the list is no step to come back from; opening and closing the detail is.
    goTo(query.toString(), chosen !== null && event !== null);
  };

  const parts = { filter, density, chosen, onChoose: choose, onChange: change };
  return (
    <div className="browser" data-density={density}>
      <header className="browser-head">
        {heading}
        <EventFilters
          filter={camera === undefined ? filter : { ...filter, camera: null }}
          cameras={cameras}
          fixedCamera={camera}
          onChange={change}
        />
      </header>
      {filter.open ? <OpenEvents key={wanted} {...parts} /> : <LoggedEvents key={wanted} {...parts} />}
    </div>
  );
}

/** The interval of a look back ends before its moment: this one still takes in what happened at `at`. */
function justAfter(at: string): string {
  return new Date(Date.parse(at) + 1).toISOString();
}

interface ListProps {
  filter: EventFilter;
  density: Density;
  chosen: string | null;
  onChoose: (event: SceneEvent | null) => void;
  onChange: (filter: EventFilter) => void;
}

function LoggedEvents(props: ListProps) {
  return <ListAndDetail {...props} list={useEventLog(props.filter)} />;
}

function OpenEvents(props: ListProps) {
  return <ListAndDetail {...props} list={useOpenIncidents(props.filter)} />;
}

function ListAndDetail({ list, filter, density, chosen, onChoose, onChange }: ListProps & { list: Events }) {
  const { t } = useLanguage();
  const listed = list.log.events.find((event) => event.id === chosen);
  // A link to an event may lead to one that no list here reaches, and new ones push old ones out.
  const asked = useEvent(listed || list.status === "loading" ? null : chosen);
  const shown = listed ?? asked.data;

  return (
    <>
      <EventList
        list={list}
        density={density}
        filtered={isFiltered(filter)}
        chosen={chosen}
        onChoose={onChoose}
        onBefore={(event) => onChange({ ...filter, before: justAfter(event.at) })}
      />
      {shown ? (
        <EventDetail event={shown} onClose={() => onChoose(null)} />
      ) : (
        (density === "table" || chosen !== null) && (
          <div className="detail detail-empty">
            <p>
              {t(chosen === null ? detailWords.none : asked.isError ? detailWords.gone : detailWords.loading)}
            </p>
            {chosen !== null && (
              <button type="button" className="quiet" onClick={() => onChoose(null)}>
                {t(detailWords.close)}
              </button>
            )}
          </div>
        )
      )}
    </>
  );
}
