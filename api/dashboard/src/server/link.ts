/**
 * The one live connection to the server.
 *
 *     /events/stream ──event, camera──▶ batches, one an animation frame ──▶ subscribers
 *     /site every 5 s ──now──▶ clock;  two failures in a row ──▶ the stream is taken for dead
 *
 * The browser resumes a broken stream by itself (Last-Event-ID) as long as it can; where it gives up
 * (the server answered with an error) the link opens a new one. Every opening counts up `generation`:
 * whoever shows history asks again what it missed.
 */

import { ServerClock } from "@/server/clock";
import type { Camera, SceneEvent, Site } from "@/server/contract";

export interface LinkState {
  phase: "connecting" | "live" | "away";
  /** Server time in ms since when the link is away; null unless it is. */
  awaySince: number | null;
  /** How many times the stream has been opened. */
  generation: number;
  site: Site | null;
}

/** The part of EventSource that the link uses. */
export interface Stream {
  readonly readyState: number;
  onopen: ((event: Event) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  addEventListener(type: string, listener: (message: MessageEvent<string>) => void): void;
  close(): void;
}

export interface LinkPorts {
  openStream: () => Stream;
  askSite: () => Promise<Site>;
}

const BEAT_MS = 5_000;
const BEAT_AWAY_MS = 2_500;
const BEATS_MISSED = 2;
const REOPEN_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const STREAM_CLOSED = 2;
/** While the page is hidden there are no animation frames, but events still have to go somewhere. */
const HIDDEN_FLUSH_MS = 1_000;

type Listener<T> = (value: T) => void;

class Listeners<T> {
  readonly #all = new Set<Listener<T>>();

  add = (listener: Listener<T>): (() => void) => {
    this.#all.add(listener);
    return () => {
      this.#all.delete(listener);
    };
  };

  tell(value: T): void {
    for (const listener of this.#all) listener(value);
  }
}

function onNextFrame(flush: () => void): void {
  if (typeof requestAnimationFrame === "undefined" || document.hidden) setTimeout(flush, HIDDEN_FLUSH_MS);
  else requestAnimationFrame(flush);
}

export class ServerLink {
  readonly clock = new ServerClock();

  readonly #ports: LinkPorts;
  readonly #stateListeners = new Listeners<LinkState>();
  readonly #eventListeners = new Listeners<readonly SceneEvent[]>();
  readonly #cameraListeners = new Listeners<Camera>();
  #state: LinkState = { phase: "connecting", awaySince: null, generation: 0, site: null };
  #stream: Stream | null = null;
  #beatTimer: ReturnType<typeof setTimeout> | undefined;
  #reopenTimer: ReturnType<typeof setTimeout> | undefined;
  #missedBeats = 0;
  #attempts = 0;
  #running = false;
  #pending: SceneEvent[] = [];

  constructor(ports: LinkPorts) {
    this.#ports = ports;
  }

  state = (): LinkState => this.#state;
  onState = (listener: () => void): (() => void) => this.#stateListeners.add(listener);
  /** New events in the order in which they came, at most once an animation frame. */
  onEvents = (listener: Listener<readonly SceneEvent[]>): (() => void) => this.#eventListeners.add(listener);
  onCamera = (listener: Listener<Camera>): (() => void) => this.#cameraListeners.add(listener);

  /** Starts; returns what stops it. */
  start = (): (() => void) => {
    this.#running = true;
    this.#open();
    void this.#beat();
    return () => {
      this.#running = false;
      clearTimeout(this.#beatTimer);
      clearTimeout(this.#reopenTimer);
      this.#stream?.close();
      this.#stream = null;
    };
  };

  /** Asks the server at once, not at the next beat: the network or the page has just come back. */
  hurry = (): void => {
    if (!this.#running) return;
    clearTimeout(this.#beatTimer);
    void this.#beat();
  };

  #set(change: Partial<LinkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#stateListeners.tell(this.#state);
  }

  #open(): void {
    clearTimeout(this.#reopenTimer);
    this.#stream?.close();
    const stream = this.#ports.openStream();
    this.#stream = stream;
    stream.onopen = () => {
      if (stream !== this.#stream) return;
      this.#attempts = 0;
      this.#missedBeats = 0;
      this.#set({ phase: "live", awaySince: null, generation: this.#state.generation + 1 });
    };
    stream.onerror = () => {
      if (stream !== this.#stream) return;
      this.#lose();
      if (stream.readyState === STREAM_CLOSED) this.#openLater();
    };
    stream.addEventListener("event", (message) => this.#collect(JSON.parse(message.data) as SceneEvent));
    stream.addEventListener("camera", (message) =>
      this.#cameraListeners.tell(JSON.parse(message.data) as Camera),
    );
  }

  #openLater(): void {
    const wait = REOPEN_MS[Math.min(this.#attempts, REOPEN_MS.length - 1)] ?? 0;
    this.#attempts += 1;
    clearTimeout(this.#reopenTimer);
    // Jitter, so that all the pages of a control room do not come back in the same instant.
    this.#reopenTimer = setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 2));
  }

  #lose(): void {
    if (this.#state.phase !== "away") this.#set({ phase: "away", awaySince: this.clock.now() });
  }

  async #beat(): Promise<void> {
    const asked = Date.now();
    try {
      const site = await this.#ports.askSite();
      if (!this.#running) return;
      this.clock.sync(site.now, asked, Date.now());
      this.#missedBeats = 0;
      this.#set({ site });
      // The server is back, and the browser has given the stream up: no need to wait for the timer.
      if (this.#state.phase === "away" && this.#stream?.readyState === STREAM_CLOSED) this.#open();
    } catch {
      if (!this.#running) return;
      this.#missedBeats += 1;
      // A cable that was pulled closes no connection: the stream looks open, but nothing will come.
      if (this.#missedBeats >= BEATS_MISSED && this.#state.phase !== "away") {
        this.#lose();
        this.#stream?.close();
        this.#openLater();
      }
    }
    clearTimeout(this.#beatTimer);
    const calm = this.#state.phase === "live" && this.#missedBeats === 0;
    this.#beatTimer = setTimeout(() => void this.#beat(), calm ? BEAT_MS : BEAT_AWAY_MS);
  }

  #collect(event: SceneEvent): void {
    this.#pending.push(event);
    if (this.#pending.length > 1) return;
    onNextFrame(() => {
      const batch = this.#pending;
      this.#pending = [];
      this.#eventListeners.tell(batch);
    });
  }
}
