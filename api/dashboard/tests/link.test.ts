import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SceneEvent, Site } from "@/server/contract";
import { ServerLink, type Stream } from "@/server/link";
import { passage } from "./builders";

const SITE: Site = {
  id: "soc-trang",
  name: "IOC Sóc Trăng",
  timezone: "Asia/Ho_Chi_Minh",
  version: "0.1.0",
  now: "2026-11-24T07:05:09.000Z",
};

/** A stream whose other end is the test. */
class TestStream implements Stream {
  readyState = 0;
  onopen: Stream["onopen"] = null;
  onerror: Stream["onerror"] = null;
  readonly #listeners = new Map<string, (message: MessageEvent<string>) => void>();

  addEventListener(type: string, listener: (message: MessageEvent<string>) => void) {
    this.#listeners.set(type, listener);
  }
  close() {
    this.readyState = 2;
  }
  open() {
    this.readyState = 1;
    this.onopen?.(new Event("open"));
  }
  fail(readyState: 0 | 2) {
    this.readyState = readyState;
    this.onerror?.(new Event("error"));
  }
  send(type: string, value: unknown) {
    this.#listeners.get(type)?.(new MessageEvent(type, { data: JSON.stringify(value) }));
  }
}

const streams: TestStream[] = [];
let serverAnswers = true;
let stop = () => {};

function start(): ServerLink {
  const link = new ServerLink({
    openStream: () => {
      const stream = new TestStream();
      streams.push(stream);
      return stream;
    },
    askSite: () => (serverAnswers ? Promise.resolve(SITE) : Promise.reject(new Error("no answer"))),
  });
  stop = link.start();
  return link;
}

beforeEach(() => {
  vi.useFakeTimers();
  streams.length = 0;
  serverAnswers = true;
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

describe("the link", () => {
  it("is live when the stream is open, and knows the server's time", async () => {
    const link = start();
    expect(link.state().phase).toBe("connecting");
    streams[0]?.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(link.state()).toMatchObject({ phase: "live", generation: 1, site: SITE });
    expect(link.clock.now()).toBe(Date.parse(SITE.now));
  });

  it("hands events on in batches, not one by one", async () => {
    const batches: (readonly SceneEvent[])[] = [];
    const link = start();
    link.onEvents((batch) => batches.push(batch));
    streams[0]?.open();
    for (let n = 0; n < 200; n += 1) streams[0]?.send("event", passage(n));
    await vi.advanceTimersByTimeAsync(1_500);
    expect(batches).toHaveLength(1);
    expect(batches[0]).toHaveLength(200);
  });

  it("says that the server is away, and lets the browser resume", async () => {
    const link = start();
    streams[0]?.open();
    await vi.advanceTimersByTimeAsync(0);
    streams[0]?.fail(0);
    expect(link.state()).toMatchObject({ phase: "away", awaySince: link.clock.now() });
    streams[0]?.open();
    expect(link.state()).toMatchObject({ phase: "live", awaySince: null, generation: 2 });
    expect(streams).toHaveLength(1);
  });

  it("opens a new stream where the browser gives up", async () => {
    serverAnswers = false;
    const link = start();
    streams[0]?.fail(2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(streams.length).toBeGreaterThan(1);
    streams.at(-1)?.open();
    expect(link.state().phase).toBe("live");
  });

  it("takes an open stream for dead when the server answers no more, and comes back with it", async () => {
    const link = start();
    streams[0]?.open();
    await vi.advanceTimersByTimeAsync(0);
    serverAnswers = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(link.state().phase).toBe("away");
    expect(streams[0]?.readyState).toBe(2);
    serverAnswers = true;
    await vi.advanceTimersByTimeAsync(20_000);
    streams.at(-1)?.open();
    expect(link.state().phase).toBe("live");
  });

  it("forgets what an old stream still says", async () => {
    serverAnswers = false;
    const link = start();
    streams[0]?.fail(2);
    await vi.advanceTimersByTimeAsync(2_000);
    streams[0]?.open();
    expect(link.state().phase).toBe("away");
  });
});
