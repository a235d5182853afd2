/** The server's time, kept between its answers. The browser's own clock may be wrong by minutes. */

export class ServerClock {
  #offsetMs = 0;
  #synced = false;

  get synced(): boolean {
    return this.#synced;
  }

  /** Learns from an answer: `now` was read about half-way between asking and hearing. */
  sync(now: string, askedMs: number, heardMs: number): void {
    const server = Date.parse(now);
    if (Number.isNaN(server)) return;
    this.#offsetMs = server - (askedMs + heardMs) / 2;
    this.#synced = true;
  }

  /** Milliseconds since 1970 by the server's clock. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Calls at every full second of the server's clock; returns what stops it. */
  everySecond(tick: () => void): () => void {
    let timer: ReturnType<typeof setTimeout>;
    const next = () => {
      timer = setTimeout(
        () => {
          tick();
          next();
        },
        1000 - (((this.now() % 1000) + 1000) % 1000) + 5,
      );
    };
    next();
    return () => clearTimeout(timer);
  }
}
