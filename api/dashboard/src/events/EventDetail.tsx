/** One event in full: where it was in the picture, all that it says, and the raw fields. */

import { X } from "lucide-react";
import { useEffect } from "react";
import { EventPicture } from "@/events/EventPicture";
import { facts, kindWord } from "@/events/facts";
import { subjectIcon } from "@/events/icons";
import { useNames } from "@/events/names";
import { detailWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import type { SceneEvent } from "@/server/contract";
import { useCameras } from "@/server/provider";

interface Props {
  event: SceneEvent;
  onClose: () => void;
}

export function EventDetail({ event, onClose }: Props) {
  const speech = useLanguage();
  const { t } = speech;
  const names = useNames();
  const camera = useCameras().data?.find((one) => one.id === event.camera);
  const Subject = subjectIcon(event);

  useEffect(() => {
    const onKey = (key: KeyboardEvent) => {
      if (key.key === "Escape") onClose();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onClose]);

  return (
    <section className="detail" aria-label={t(detailWords.title)} data-testid="event-detail">
      <header className="panel-head">
        <Subject size={20} aria-hidden="true" />
        <h2>{kindWord(event, speech)}</h2>
        <button type="button" className="icon-button" onClick={onClose} aria-label={t(detailWords.close)}>
          <X size={18} aria-hidden="true" />
        </button>
      </header>
      <div className="detail-body">
        {camera && <EventPicture key={event.id} event={event} camera={camera} />}
        <dl className="facts">
          {facts(event, names, speech).map(({ name, value, ids }) => (
            <div key={name.en}>
              <dt>{t(name)}</dt>
              <dd title={ids}>{value}</dd>
            </div>
          ))}
        </dl>
        <details className="raw">
          <summary>{t(detailWords.raw)}</summary>
          <pre>{JSON.stringify(event, null, 2)}</pre>
        </details>
      </div>
    </section>
  );
}
