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
import { cameraWords, stateWords } from "@/cameras/words";
import { useLanguage } from "@/language/provider";
import type { CameraState } from "@/server/contract";
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

export function CameraStateWord({ state }: { state: CameraState }) {
  const { t } = useLanguage();
  const away = useLinkState().phase === "away";
  // Without the server nobody knows: what it said last may be long past.
  const Icon = away ? CircleQuestionMark : STATE_ICONS[state];
  return (
    <span
      className="state"
      data-tone={away ? "calm" : STATE_TONES[state]}
      data-testid="camera-state"
      data-state={away ? "unknown" : state}
    >
      <Icon size={16} aria-hidden="true" />
      {t(away ? cameraWords.unknownState : stateWords[state])}
    </span>
  );
}
