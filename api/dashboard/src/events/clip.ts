/** The clip of an event: what was recorded of it, from a while before until a while after. */

import { apiPath, ask, problemOf } from "@/server/client";

export interface Clip {
  /** Where it can be fetched. */
  path: string;
  from: string;
  to: string;
  /** Seconds of that time that were not recorded. */
  missingS: number;
  /** `h264`, `hevc`; null where the server does not say. */
  codec: string | null;
}

/** Cutting five minutes of a large picture out of recordings takes a while on a busy machine. */
const TIMEOUT_MS = 60_000;

/** Whether a browser plays it is asked by a usual member of each family. */
const CODECS: Record<string, { title: string; mime: string }> = {
  h264: { title: "H.264", mime: 'video/mp4; codecs="avc1.64001F"' },
  hevc: { title: "H.265", mime: 'video/mp4; codecs="hvc1.1.6.L93.B0"' },
};

/**
 * Has the server cut the clip of an event, and asks what it shows. The video itself is fetched by who plays it.
 *
 * @throws Problem where there is none: its kind is `clip-not-ready` while the end is not recorded yet, `no-clip`
 *   where nothing was recorded or it is kept no longer. Unreachable where the server does not answer.
 */
export async function askClip(event: string, signal?: AbortSignal): Promise<Clip> {
  const path = apiPath(`/events/${encodeURIComponent(event)}/clip.mp4`);
  const response = await ask(path, { Range: "bytes=0-0" }, signal, TIMEOUT_MS);
  if (!response.ok) throw await problemOf(response);
  await response.body?.cancel();
  return clipOf(path, response.headers);
}

export function clipOf(path: string, headers: Headers): Clip {
  return {
    path,
    from: headers.get("X-Clip-From") ?? "",
    to: headers.get("X-Clip-To") ?? "",
    missingS: Number(headers.get("X-Clip-Missing-S") ?? 0),
    codec: headers.get("X-Clip-Codec"),
  };
}

/** What the people who watch call its codec. */
export function clipCodecTitle({ codec }: Clip): string {
  return (codec && CODECS[codec]?.title) ?? codec ?? "";
}

/** @param plays Of a video element: what it thinks of a type. */
export function isPlayable({ codec }: Clip, plays: HTMLVideoElement["canPlayType"]): boolean {
  const mime = codec && CODECS[codec]?.mime;
  // One that is not known here may be tried.
  return !mime || plays(mime) !== "";
}

/** A clip shows what led to the event too; it begins to play shortly before it. */
const LEAD_S = 3;

/** Where in the clip to begin, s. */
export function beginning({ from }: Clip, at: string): number {
  const into = (Date.parse(at) - Date.parse(from)) / 1000 - LEAD_S;
  return Number.isNaN(into) ? 0 : Math.max(0, Math.floor(into));
}
