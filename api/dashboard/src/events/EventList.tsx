/** A list of events that fills live. Only the rows in sight exist; the keyboard moves the choice. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowUp } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useCommonFault } from "@/cameras/commonFault";
import { EventRow } from "@/events/EventRow";
import { isOpen } from "@/events/log";
import { useNames } from "@/events/names";
import type { EventList as Events } from "@/events/useEventLog";
import { listWords } from "@/events/words";
import { useLanguage, useToday } from "@/language/provider";
import type { SceneEvent } from "@/server/contract";

/** `column`: three lines a row, beside the pictures. `table`: one line a row, the whole room. */
export type Density = "column" | "table";

const ROW_HEIGHT: Record<Density, number> = { column: 68, table: 40 };

interface Props {
  list: Events;
  density: Density;
  filtered: boolean;
  chosen: string | null;
  onChoose: (event: SceneEvent) => void;
  /** Goes on from the oldest event backwards, when the list holds as many as it may. */
  onBefore: (event: SceneEvent) => void;
}

export function EventList({ list, density, filtered, chosen, onChoose, onBefore }: Props) {
  const { t } = useLanguage();
  const { events } = list.log;
  const rowHeight = ROW_HEIGHT[density];
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => events[index]?.id ?? index,
    overscan: 8,
  });
  const { unseen, atTop, toTop } = useSteadyScroll(scroller, events, rowHeight);
  const names = useNames();
  const away = useCommonFault()?.cameras;
  const today = useToday();

  const choose = (index: number) => {
    const event = events[Math.min(Math.max(index, 0), events.length - 1)];
    if (!event) return;
    onChoose(event);
    rows.scrollToIndex(events.indexOf(event));
  };

  const onKeyDown = (key: KeyboardEvent) => {
    if (key.ctrlKey || key.metaKey || key.altKey) return;
    const at = events.findIndex((event) => event.id === chosen);
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const target: Record<string, number> = {
      j: at + 1,
      ArrowDown: at + 1,
      k: at - 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: events.length - 1,
    };
    const index = target[key.key];
    if (index === undefined) return;
    key.preventDefault();
    choose(index);
  };

  const words = emptyWords(list, filtered);
  return (
    <div className="list" data-density={density}>
      {unseen > 0 && <NewAbove count={unseen} onClick={toTop} />}
      <div className="list-scroll" ref={scroller}>
        <div
          className="list-rows"
          role="listbox"
          tabIndex={0}
          aria-label={t(listWords.title)}
          aria-describedby="list-keys"
          aria-activedescendant={
            chosen && events.some((event) => event.id === chosen) ? `row-${chosen}` : undefined
          }
          onKeyDown={onKeyDown}
          data-moving={atTop && list.fresh.size > 0 ? "" : undefined}
          style={{ height: rows.getTotalSize() }}
        >
          {rows.getVirtualItems().map((row) => {
            const event = events[row.index];
            if (!event) return null;
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the list box takes the keys for its options
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays on the list box (aria-activedescendant)
              <div
                key={row.key}
                id={`row-${event.id}`}
                className="row"
                role="option"
                aria-selected={event.id === chosen}
                data-testid="event-row"
                data-kind={event.kind}
                data-event={event.id}
                data-fresh={list.fresh.has(event.id) ? "" : undefined}
                style={{ height: rowHeight, transform: `translateY(${row.start}px)` }}
                onClick={() => onChoose(event)}
              >
                <EventRow
                  event={event}
                  names={names}
                  today={today}
                  isShared={event.kind === "camera_lost" && isOpen(event) && away?.includes(event.camera)}
                />
              </div>
            );
          })}
        </div>
        {words ? <p className="list-words">{t(words)}</p> : <Older list={list} onBefore={onBefore} />}
      </div>
      <p id="list-keys" className="hidden-words">
        {t(listWords.keys)}
      </p>
    </div>
  );
}

function emptyWords(list: Events, filtered: boolean) {
  if (list.log.events.length > 0) return null;
  if (list.status === "loading") return listWords.loading;
  if (list.status === "failed") return listWords.failed;
  return filtered ? listWords.nothingFiltered : listWords.nothing;
}

function NewAbove({ count, onClick }: { count: number; onClick: () => void }) {
  const { t, format } = useLanguage();
  return (
    <button type="button" className="list-new" onClick={onClick}>
      <ArrowUp size={16} aria-hidden="true" />
      {t(listWords.newAbove)(format.number(count))}
    </button>
  );
}

function Older({ list, onBefore }: Pick<Props, "list" | "onBefore">) {
  const { t, format } = useLanguage();
  const { events, next, full } = list.log;
  const oldest = events.at(-1);
  if (full && oldest) {
    return (
      <button type="button" className="list-older" onClick={() => onBefore(oldest)}>
        {t(listWords.full)(format.number(events.length))}
      </button>
    );
  }
  if (next === null) return <p className="list-words">{t(listWords.noOlder)}</p>;
  const words = {
    idle: listWords.loadOlder,
    loading: listWords.loadingOlder,
    failed: listWords.olderFailed,
  }[list.olderStatus];
  return (
    <button
      type="button"
      className="list-older"
      onClick={list.loadOlder}
      aria-busy={list.olderStatus === "loading"}
    >
      {t(words)}
    </button>
  );
}

/**
 * Keeps what is being read where it is while new rows come in above it, and counts those.
 * At the very top the list moves on by itself.
 */
function useSteadyScroll(
  scroller: RefObject<HTMLDivElement | null>,
  events: readonly SceneEvent[],
  rowHeight: number,
) {
  const top = useRef<string | null>(null);
  const [unseen, setUnseen] = useState(0);
  const [atTop, setAtTop] = useState(true);

  useLayoutEffect(() => {
    const box = scroller.current;
    const before = top.current;
    top.current = events[0]?.id ?? null;
    if (!box || before === null || box.scrollTop < rowHeight / 2) return;
    const came = events.findIndex((event) => event.id === before);
    if (came <= 0) return;
    box.scrollTop += came * rowHeight;
    setUnseen((count) => count + came);
  }, [events, rowHeight, scroller]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const onScroll = () => {
      const top = box.scrollTop < rowHeight / 2;
      setAtTop(top);
      if (top) setUnseen(0);
    };
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => box.removeEventListener("scroll", onScroll);
  }, [rowHeight, scroller]);

  return { unseen, atTop, toTop: () => scroller.current?.scrollTo({ top: 0 }) };
}
