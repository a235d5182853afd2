/**
 * Keeps a video near the newest picture that has come.
 *
 *     start ──────────── at ──── end          what is buffered; `end` moves on as pictures come
 *                        └behind─┘
 *
 * A little behind plays smoothly over an uneven network; more than that is made up for by playing a little
 * faster, much more by a jump.
 */

export interface Span {
  start: number;
  end: number;
}

export interface Step {
  /** Where to jump to, s; null: stay. */
  seek: number | null;
  rate: number;
  /** What has been seen and can be forgotten. */
  forget: Span | null;
}

const WANTED_S = 0.3;
const HURRY_BEYOND_S = 0.6;
const DAWDLE_BELOW_S = 0.12;
const JUMP_BEYOND_S = 1;
const HURRY = 1.1;
const DAWDLE = 0.95;
const KEPT_S = 4;
const FORGOTTEN_AT_ONCE_S = 6;

/** The pace at which to go on; one that was begun is kept until the wanted distance is reached. */
function pace(behind: number, rate: number): number {
  if (behind > HURRY_BEYOND_S || (rate > 1 && behind > WANTED_S)) return HURRY;
  if (behind < DAWDLE_BELOW_S || (rate < 1 && behind < WANTED_S)) return DAWDLE;
  return 1;
}

/**
 * @param at Where the video is, s.
 * @param rate How fast it plays.
 * @param buffered What it has, in order; more than one span where pictures were left out.
 */
export function keepLive(at: number, rate: number, buffered: readonly Span[]): Step {
  const first = buffered[0];
  const last = buffered.at(-1);
  if (!first || !last) return { seek: null, rate: 1, forget: null };
  const behind = last.end - at;
  const jump = at < last.start || behind > JUMP_BEYOND_S || behind < 0;
  const place = jump ? Math.max(last.start, last.end - WANTED_S) : at;
  const seen = { start: first.start, end: place - KEPT_S };
  return {
    seek: jump ? place : null,
    rate: jump ? 1 : pace(behind, rate),
    forget: seen.end - seen.start > FORGOTTEN_AT_ONCE_S ? seen : null,
  };
}
