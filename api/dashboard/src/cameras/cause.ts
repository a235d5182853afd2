/** Why a camera gives no picture, in the user's words. */

import { causeWords, stateCauses } from "@/cameras/words";
import type { Text } from "@/language/text";
import type { Camera } from "@/server/contract";

/** Signs in the server's reasons. First match wins: the narrow ones stand before the broad ones. */
const SIGNS: readonly [RegExp, Text][] = [
  [/\b40[13]\b|password/i, causeWords.password],
  [/no such path|\b(404|410)\b/i, causeWords.path],
  [/connection refused/i, causeWords.refused],
  [/unreachable|no route/i, causeWords.network],
  [/no host has the name/i, causeWords.host],
  [/no such file/i, causeWords.noFile],
  [/not a video|is empty|can be decoded|is a directory|is a file/i, causeWords.noVideo],
  [/no answer from|timed out/i, causeWords.silent],
  [/\bhangs?\b|\bits process\b|\bwas killed\b/i, causeWords.reader],
  [/are damaged/i, causeWords.damaged],
  [/no picture came/i, causeWords.noVideo],
  [/no picture for/i, causeWords.noPicture],
  [/ended the stream|reset|broken pipe|truncated/i, causeWords.closed],
];

/** An address or path at the start of a reason is no sign: a camera may well be called "404". */
const SUBJECT = /\S+:\/\/\S+|^[^:]*:(?=\s)/g;

export function causeOf(camera: Pick<Camera, "state" | "reason">): Text {
  const reason = camera.reason?.replace(SUBJECT, "") ?? "";
  const known = SIGNS.find(([sign]) => sign.test(reason));
  return known?.[1] ?? stateCauses[camera.state];
}
