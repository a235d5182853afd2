/** Which kinds of events there are to choose from: those that happened, and those that a rule looks for. */

import { kindWords } from "@/events/words";
import { type Camera, type EventKind, FAMILIES, type Family } from "@/server/contract";

export interface KindGroup {
  family: Family;
  kinds: string[];
}

type Watching = Pick<Camera, "id" | "rules">;

function lookedForBy(cameras: readonly Watching[]): Set<string> {
  return new Set(cameras.flatMap((camera) => camera.rules.map((rule) => rule.kind)));
}

/**
 * In the order of the dictionary; what it does not know comes last. A family without any kind is left out.
 *
 * @param chosen Only what this camera can have: what only rules of others look for did not happen here.
 */
export function kindsThereAre(
  happened: readonly EventKind[],
  cameras: readonly Watching[],
  chosen: string | null = null,
): KindGroup[] {
  const anywhere = lookedForBy(cameras);
  const lookedFor = chosen === null ? anywhere : lookedForBy(cameras.filter(({ id }) => id === chosen));
  return FAMILIES.map((family) => {
    const those = happened
      .filter((one) => one.family === family && (lookedFor.has(one.kind) || !anywhere.has(one.kind)))
      .map((one) => one.kind);
    const known = Object.keys(kindWords[family]);
    const kinds = known.filter((kind) => those.includes(kind) || lookedFor.has(kind));
    return { family, kinds: [...kinds, ...those.filter((kind) => !known.includes(kind))] };
  }).filter((group) => group.kinds.length > 0);
}

/** The family that a kind belongs to; of one that the dictionary does not know any will do. */
export function familyOf(kind: string): Family {
  return FAMILIES.find((family) => kind in kindWords[family]) ?? FAMILIES[0];
}
