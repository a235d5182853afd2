/** One event in a list: what, who, where, when. */

import { Gavel } from "lucide-react";
import { memo } from "react";
import { faultWords } from "@/cameras/words";
import { kindWord, summary } from "@/events/facts";
import { SEVERITY_ICONS, subjectIcon } from "@/events/icons";
import { isOpen } from "@/events/log";
import type { Names } from "@/events/names";
import { severityWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import type { SceneEvent } from "@/server/contract";

interface Props {
  event: SceneEvent;
  names: Names;
  /** Today's date, which is left out. */
  today: string | null;
  /** It goes on for many cameras together, which is told once, above. */
  isShared?: boolean | undefined;
}

export const EventRow = memo(function EventRow({ event, names, today, isShared = false }: Props) {
  const speech = useLanguage();
  const Subject = subjectIcon(event);
  return (
    <>
      <Subject className="row-subject" size={22} aria-hidden="true" />
      <span className="row-kind">
        <Urgency event={event} isCalm={isShared} />
        <span className="row-kind-word">{kindWord(event, speech)}</span>
      </span>
      <time className="row-time" dateTime={event.at}>
        {speech.format.when(event.at, today)}
      </time>
      <span className="row-summary">
        {isShared ? speech.t(faultWords.part) : summary(event, names, speech).join(" · ")}
      </span>
      <span className="row-camera">{names.camera(event.camera)}</span>
    </>
  );
});

/** Colour is spent on what goes on and needs someone; what is over is grey again. */
function Urgency({ event, isCalm }: { event: SceneEvent; isCalm: boolean }) {
  const { t } = useLanguage();
  if (event.family === "violation") return <Gavel size={16} className="row-mark" aria-hidden="true" />;
  if (event.family !== "incident") return null;
  const Icon = SEVERITY_ICONS[event.severity];
  return (
    <Icon
      size={16}
      className="row-mark"
      data-tone={isOpen(event) && !isCalm ? event.severity : "calm"}
      role="img"
      aria-label={t(severityWords[event.severity])}
    />
  );
}
