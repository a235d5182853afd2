/**
 * Plays a camera's own video, as the camera codes it: an MP4 that comes piece by piece over a WebSocket.
 *
 * What the server sends: docs/live-view.md. Where it can't be played the caller is told why, and shows single
 * pictures instead.
 */

import { keepLive, type Span } from "@/pictures/liveEdge";
import { apiPath } from "@/server/client";

export type VideoFault =
  /** This browser plays no video that comes piece by piece. */
  | "browser"
  /** This browser does not know the codec. */
  | "codec"
  /** This camera has no video to pass on. */
  | "camera"
  /** As many as may watch it do already. */
  | "full"
  /** No new picture for a while. */
  | "stalled"
  /** No connection. */
  | "away";

export interface VideoState {
  phase: "waiting" | "shown" | "none";
  why: VideoFault | null;
  /** Name of the codec (RFC 6381), once it is known. */
  codec: string | null;
  /** Width to height; null before the first picture. */
  aspect: number | null;
}

export const NO_VIDEO: VideoState = { phase: "waiting", why: null, codec: null, aspect: null };

export type Told = { type: "video"; codec: string; mime: string } | { type: "state"; state: string };

const STALL_MS = 3_000;
const LOOK_MS = 500;
/** A connection over which nothing playable has come for so long is given up for another. */
const DEAD_MS = 15_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000];
const FULL_RETRY_MS = 15_000;
const CLOSED_NO_VIDEO = 4000;
const CLOSED_FULL = 4001;
/** Pieces that wait for a browser that takes none. */
const MAX_WAITING = 1_000;

/** What a text of the server tells; null where it is nothing that this page knows. */
export function readTold(text: string): Told | null {
  let told: Partial<{ type: string; codec: string; mime: string; state: string }>;
  try {
    told = JSON.parse(text) as typeof told;
  } catch {
    return null;
  }
  if (told?.type === "video" && told.codec && told.mime) {
    return { type: "video", codec: told.codec, mime: told.mime };
  }
  return told?.type === "state" && told.state ? { type: "state", state: told.state } : null;
}

/** What the people who watch call a codec. */
export function codecTitle(codec: string): string {
  if (/^avc[13]\./.test(codec)) return "H.264";
  return /^(hvc1|hev1)\./.test(codec) ? "H.265" : codec;
}

function spansOf(ranges: TimeRanges): Span[] {
  return Array.from({ length: ranges.length }, (_, n) => ({ start: ranges.start(n), end: ranges.end(n) }));
}

/** What a video element plays: pieces go in as they come, and it stays near the newest. */
class Pieces {
  readonly #video: HTMLVideoElement;
  readonly #source = new MediaSource();
  readonly #fail: () => void;
  readonly #waiting: ArrayBuffer[] = [];
  #buffer: SourceBuffer | null = null;

  constructor(video: HTMLVideoElement, mime: string, fail: () => void) {
    this.#video = video;
    this.#fail = fail;
    const url = URL.createObjectURL(this.#source);
    this.#source.addEventListener("sourceopen", () => this.#open(url, mime), { once: true });
    video.src = url;
  }

  add(piece: ArrayBuffer): void {
    this.#waiting.push(piece);
    if (this.#waiting.length > MAX_WAITING) this.#fail();
    else this.#feed();
  }

  #open(url: string, mime: string): void {
    URL.revokeObjectURL(url);
    try {
      this.#buffer = this.#source.addSourceBuffer(mime);
    } catch {
      this.#fail();
      return;
    }
    this.#buffer.addEventListener("updateend", () => {
      this.#keepLive();
      this.#feed();
    });
    this.#buffer.addEventListener("error", this.#fail);
    this.#feed();
  }

  #feed(): void {
    if (!this.#buffer || this.#buffer.updating || this.#source.readyState !== "open") return;
    const piece = this.#waiting.shift();
    if (!piece) return;
    try {
      this.#buffer.appendBuffer(piece);
    } catch {
      // Full, although what has been seen is forgotten: begin anew.
      this.#fail();
    }
  }

  #keepLive(): void {
    const buffer = this.#buffer;
    if (!buffer || this.#source.readyState !== "open") return;
    const video = this.#video;
    const step = keepLive(video.currentTime, video.playbackRate, spansOf(buffer.buffered));
    if (step.seek !== null) video.currentTime = step.seek;
    if (step.rate !== video.playbackRate) video.playbackRate = step.rate;
    if (step.forget && !buffer.updating) buffer.remove(step.forget.start, step.forget.end);
    if (video.paused) void video.play().catch(() => undefined);
  }
}

/** Starts; returns what stops it. The last picture stays in the element. */
export function playVideo(
  video: HTMLVideoElement,
  camera: string,
  tell: (state: VideoState) => void,
): () => void {
  let state = NO_VIDEO;
  const become = (change: Partial<VideoState>) => {
    const next = { ...state, ...change };
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    state = next;
    tell(next);
  };
  tell(state);
  if (!("MediaSource" in window)) {
    become({ phase: "none", why: "browser" });
    return () => undefined;
  }

  let socket: WebSocket | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let stopped = false;
  let movedAt = performance.now();
  let place = video.currentTime;

  const again = (why: VideoFault, afterMs: number) => {
    socket = null;
    become({ phase: "none", why });
    if (!stopped) retry = setTimeout(connect, afterMs);
  };

  /** It can't be played, now or ever: no use to try again. */
  const giveUp = (why: VideoFault) => {
    stopped = true;
    socket?.close();
    become({ phase: "none", why });
  };

  function connect(): void {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const path = apiPath(`/cameras/${encodeURIComponent(camera)}/live`);
    const opened = new WebSocket(`${scheme}//${location.host}${path}`);
    opened.binaryType = "arraybuffer";
    socket = opened;
    let pieces: Pieces | null = null;
    movedAt = performance.now();

    opened.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (stopped) return;
      if (typeof data !== "string") {
        pieces?.add(data);
        return;
      }
      const told = readTold(data);
      if (told?.type === "video") {
        if (!MediaSource.isTypeSupported(told.mime)) {
          become({ codec: told.codec });
          giveUp("codec");
          return;
        }
        become({ codec: told.codec });
        place = 0;
        pieces = new Pieces(video, told.mime, () => opened.close());
      } else if (told?.type === "state") {
        become({ phase: "none", why: "stalled" });
      }
    });

    opened.addEventListener("close", ({ code }) => {
      if (stopped || socket !== opened) return;
      if (code === CLOSED_NO_VIDEO) giveUp("camera");
      else if (code === CLOSED_FULL) again("full", FULL_RETRY_MS);
      else {
        again("away", RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0);
        failures += 1;
      }
    });
  }

  const look = setInterval(() => {
    if (stopped) return;
    const stillMs = performance.now() - movedAt;
    if (socket && video.currentTime !== place && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      place = video.currentTime;
      movedAt = performance.now();
      failures = 0;
      become({ phase: "shown", why: null, aspect: video.videoWidth / video.videoHeight });
    } else if (socket && stillMs > STALL_MS) {
      become({ phase: "none", why: "stalled" });
      if (stillMs > DEAD_MS) socket.close();
    }
  }, LOOK_MS);

  connect();
  return () => {
    stopped = true;
    clearInterval(look);
    clearTimeout(retry);
    socket?.close();
    video.pause();
  };
}
