/** What there is to see of an event: its clip where it was recorded and somebody asks for it, else the camera now. */

import { Download, Film } from "lucide-react";
import { useRef, useState } from "react";
import { Link } from "wouter";
import { CameraPicture } from "@/cameras/CameraPicture";
import { beginning, type Clip, clipCodecTitle, isPlayable } from "@/events/clip";
import { clipDueIn, useClip } from "@/events/useClip";
import { clipWords, detailWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import { Problem } from "@/server/client";
import type { Camera, SceneEvent } from "@/server/contract";
import { useNow } from "@/server/provider";

interface Props {
  event: SceneEvent;
  camera: Camera;
}

export function EventPicture({ event, camera }: Props) {
  const { t } = useLanguage();
  const [wanted, setWanted] = useState(false);
  const [refused, setRefused] = useState(false);
  const line = useRef<HTMLDivElement>(null);
  const clip = useClip(wanted ? event.id : null);
  const plays = clip.data && !refused && canPlay(clip.data);

  // Figures of an hour are no scene to watch.
  const hasClip = camera.recorded && event.family !== "measurement";
  return (
    <>
      {plays ? (
        <video
          className="clip"
          controls
          autoPlay
          muted
          playsInline
          src={`${clip.data.path}#t=${beginning(clip.data, event.at)}`}
          aria-label={t(clipWords.video)}
          data-testid="clip"
          onError={() => setRefused(true)}
        />
      ) : (
        <CameraPicture camera={camera} mode={{ kind: "still" }}>
          {event.place && (
            <span
              className="place"
              style={{ left: `${event.place[0] * 100}%`, top: `${event.place[1] * 100}%` }}
            />
          )}
        </CameraPicture>
      )}
      {hasClip && (
        <div
          className="clip-line"
          ref={line}
          tabIndex={-1}
          data-testid="clip-line"
          // Seconds that are counted down are not to be read out.
          aria-live={clipDueIn(clip.error) === null ? "polite" : "off"}
        >
          {!wanted ? (
            <button
              type="button"
              className="clip-ask"
              onClick={() => {
                setWanted(true);
                // The button goes: the keyboard stays where its answer will be.
                line.current?.focus();
              }}
            >
              <Film size={18} aria-hidden="true" />
              {t(clipWords.ask)}
            </button>
          ) : clip.data ? (
            <ClipFound clip={clip.data} plays={plays === true} />
          ) : clip.isError ? (
            <NoClip error={clip.error} failedAt={clip.errorUpdatedAt} onAgain={() => void clip.refetch()} />
          ) : (
            <p>{t(clipWords.asking)}</p>
          )}
        </div>
      )}
      <p className="detail-note">
        {!plays && `${t(event.place ? detailWords.pictureNow : detailWords.pictureNowNoPlace)} `}
        <Link href={`/live/${encodeURIComponent(camera.id)}`}>{t(detailWords.openCamera)}</Link>
      </p>
    </>
  );
}

function canPlay(clip: Clip): boolean {
  const video = document.createElement("video");
  return isPlayable(clip, (type) => video.canPlayType(type));
}

function ClipFound({ clip, plays }: { clip: Clip; plays: boolean }) {
  const { t, format } = useLanguage();
  return (
    <>
      <p>
        {plays
          ? t(clipWords.shows)(format.time(clip.from), format.time(clip.to))
          : t(clipWords.notPlayed)(clipCodecTitle(clip))}
        {clip.missingS >= 1 && ` ${t(clipWords.missing)(format.duration(clip.missingS))}`}
      </p>
      <a className="clip-download" href={clip.path} download>
        <Download size={16} aria-hidden="true" />
        {t(clipWords.download)}
      </a>
    </>
  );
}

interface NoClipProps {
  error: Error;
  /** By the browser's clock, ms. */
  failedAt: number;
  onAgain: () => void;
}

function NoClip({ error, failedAt, onAgain }: NoClipProps) {
  const { t, format } = useLanguage();
  useNow(); // counts down
  const dueIn = clipDueIn(error);
  if (dueIn !== null) {
    const left = dueIn - (Date.now() - failedAt) / 1000;
    return <p>{t(clipWords.notReady)(format.duration(Math.max(1, left)))}</p>;
  }
  if (error instanceof Problem && error.kind === "no-clip") return <p>{t(clipWords.none)}</p>;
  return (
    <>
      <p>{t(clipWords.failed)}</p>
      <button type="button" className="quiet" onClick={onAgain}>
        {t(clipWords.again)}
      </button>
    </>
  );
}
