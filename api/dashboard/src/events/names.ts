/** What people call the things that events name by their ids. */

import { useMemo } from "react";
import type { Part, PartKind } from "@/server/contract";
import { type CameraCard, useCameraCards } from "@/server/provider";

export interface Names {
  camera(id: string): string;
  /** A line, zone, lane or signal of a camera. Where a zone is asked for, a lane will do. */
  part(camera: string, kind: PartKind, id: string): string;
  /** The parts that a rule watches. */
  rule(camera: string, id: string): readonly Part[];
}

/** Where something has no name, or is not there any more, it is called by its id. */
export function namesOf(cards: Record<string, CameraCard>): Names {
  return {
    camera: (id) => cards[id]?.name ?? id,
    part: (camera, kind, id) =>
      cards[camera]?.parts.find(
        (part) => part.id === id && (part.kind === kind || (kind === "zone" && part.kind === "lane")),
      )?.name ?? id,
    rule: (camera, id) => cards[camera]?.rules.find((rule) => rule.id === id)?.parts ?? [],
  };
}

const NO_CARDS = {};

export function useNames(): Names {
  const cards = useCameraCards() ?? NO_CARDS;
  return useMemo(() => namesOf(cards), [cards]);
}
