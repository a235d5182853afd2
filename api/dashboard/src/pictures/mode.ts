/**
 * How live pictures are fetched.
 *
 * A browser opens at most 6 connections to a host over HTTP/1.1, and an endless MJPEG answer keeps one.
 * The event stream keeps one more, and questions to the API need some. So up to 3 pictures are streams;
 * more are asked for one by one, the next only when the last has come.
 */

export type PictureMode =
  /** `plain`: without boxes, lines and zones. */
  | { kind: "stream"; plain?: boolean }
  | { kind: "poll"; everyMs: number }
  /** One picture, for looking at it. */
  | { kind: "still" };

const CONNECTIONS_PER_HOST = 6;
const KEPT_FOR_EVENTS = 1;
const KEPT_FOR_QUESTIONS = 2;
export const MAX_STREAMS = CONNECTIONS_PER_HOST - KEPT_FOR_EVENTS - KEPT_FOR_QUESTIONS;

/** @param shown How many live pictures the page shows at once. */
export function pictureMode(shown: number): PictureMode {
  if (shown <= MAX_STREAMS) return { kind: "stream" };
  if (shown <= 9) return { kind: "poll", everyMs: 250 };
  return { kind: "poll", everyMs: 500 };
}
