/** A camera's state: always a shape and a word, colour only on top. */

import {
  Ban,
  CircleCheck,
  CircleQuestionMark,
  CircleStop,
  LoaderCircle,
  type LucideIcon,
  Pause,
  VideoOff,
} from "lucide-react";
import { useIsPartOfFault } from "@/cameras/commonFault";
import { cameraWords, stateWords } from "@/cameras/words";
import { useLanguage } from "@/language/provider";
import type { Camera, CameraState } from "@/server/contract";
import { useLinkState } from "@/server/provider";

export const STATE_ICONS: Record<CameraState, LucideIcon> = {
  connecting: LoaderCircle,
  live: CircleCheck,
  stalled: Pause,
  lost: VideoOff,
  refused: Ban,
  ended: CircleStop,
};

export const STATE_TONES: Record<CameraState, string> = {
  connecting: "calm",
  live: "calm",
  stalled: "warning",
  lost: "critical",
  refused: "critical",
  ended: "calm",
};

export function CameraStateWord({ camera: { id, state } }: { camera: Pick<Camera, "id" | "state"> }) {
  const { t } = useLanguage();
  const away = useLinkState().phase === "away";
  // What many cameras have in common is shouted once, above.
  const calm = useIsPartOfFault(id) || away;
  // Without the server nobody knows: what it said last may be long past.
  const Icon = away ? CircleQuestionMark : STATE_ICONS[state];
  return (
    <span
      className="state"
      data-tone={calm ? "calm" : STATE_TONES[state]}
      data-testid="camera-state"
      data-state={away ? "unknown" : state}
    >
      <Icon size={16} aria-hidden="true" />
      {t(away ? cameraWords.unknownState : stateWords[state])}
    </span>
  );
}
