import { describe, expect, it } from "vitest";
import { addLive, appendPage, EMPTY_LOG, type EventLog, isOpen, refill } from "@/events/log";
import { incident, passage } from "./builders";

const page = (from: number, to: number, next: string | null = "older") => ({
  items: Array.from({ length: from - to + 1 }, (_, i) => passage(from - i)),
  next,
});
const times = (log: EventLog) => log.events.map((event) => event.time_s);

describe("live events", () => {
  it("stand newest first, whatever the order in which they come", () => {
    const log = addLive(addLive(EMPTY_LOG, [passage(2)]), [passage(1), passage(3)]);
    expect(times(log)).toEqual([3, 2, 1]);
  });

  it("are shown once, however often they are told", () => {
    const log = addLive(addLive(EMPTY_LOG, [passage(1), passage(2)]), [passage(2), passage(1)]);
    expect(times(log)).toEqual([2, 1]);
  });

  it("push the oldest out when the log is full, and the cursor with them", () => {
    const log = addLive(refill(EMPTY_LOG, page(3, 1), [], 3), [passage(4)], 3);
    expect(times(log)).toEqual([4, 3, 2]);
    expect(log).toMatchObject({ next: null, full: true });
  });

  it("older than the log reaches wait for their own page, or a hole would look like silence", () => {
    const log = refill(EMPTY_LOG, page(9, 7), []);
    expect(addLive(log, [passage(2)])).toBe(log);
    expect(times(addLive({ ...log, next: null }, [passage(2)]))).toEqual([9, 8, 7, 2]);
  });
});

describe("incidents", () => {
  it("begin and end under one id", () => {
    const began = addLive(EMPTY_LOG, [passage(1), incident(2)]);
    expect(began.events.filter(isOpen)).toHaveLength(1);
    const ended = addLive(began, [incident(2, { status: "ended", ended_s: 9 })]);
    expect(ended.events).toHaveLength(2);
    expect(ended.events.filter(isOpen)).toHaveLength(0);
  });

  it("do not begin again when an old page says that they began", () => {
    const ended = addLive(EMPTY_LOG, [incident(2, { status: "ended", ended_s: 9 })]);
    expect(addLive(ended, [incident(2)]).events.filter(isOpen)).toHaveLength(0);
    expect(
      refill(ended, { items: [incident(2)], next: null }, ended.events).events.filter(isOpen),
    ).toHaveLength(0);
  });
});

describe("older pages", () => {
  it("go on below, and overlaps are shown once", () => {
    const log = appendPage(refill(EMPTY_LOG, page(9, 7), []), page(7, 5, "still older"));
    expect(times(log)).toEqual([9, 8, 7, 6, 5]);
    expect(log.next).toBe("still older");
  });

  it("end where the log is full", () => {
    const log = appendPage(refill(EMPTY_LOG, page(9, 7), [], 4), page(6, 4), 4);
    expect(times(log)).toEqual([9, 8, 7, 6]);
    expect(log).toMatchObject({ next: null, full: true });
  });

  it("say when there are no more", () => {
    expect(appendPage(refill(EMPTY_LOG, page(9, 7), []), page(6, 4, null))).toMatchObject({
      next: null,
      full: false,
    });
  });
});

describe("after an outage", () => {
  it("what was missed fills in, and pages read before stay", () => {
    const before = appendPage(refill(EMPTY_LOG, page(9, 7), []), page(6, 4, "from 4"));
    const log = refill(before, page(12, 8), []);
    expect(times(log)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4]);
    expect(log.next).toBe("from 4");
  });

  it("a page that does not reach back to what is shown replaces it", () => {
    const log = refill(refill(EMPTY_LOG, page(9, 7), []), page(99, 97, "from 97"), []);
    expect(times(log)).toEqual([99, 98, 97]);
    expect(log.next).toBe("from 97");
  });

  it("events that came live while the page was on its way do not hide a hole", () => {
    const live = [passage(100)];
    const before = addLive(refill(EMPTY_LOG, page(9, 7), []), live);
    const log = refill(before, page(100, 98, "from 98"), live);
    expect(times(log)).toEqual([100, 99, 98]);
  });
});
