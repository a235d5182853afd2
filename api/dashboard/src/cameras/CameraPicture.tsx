/** One camera's picture: live, or its last one dimmed with the cause and the time. Never black without words. */

import { Unplug } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { STATE_ICONS, STATE_TONES } from "@/cameras/CameraState";
import { causeOf } from "@/cameras/cause";
import { useIsPartOfFault } from "@/cameras/commonFault";
import { cameraWords, faultWords, stateWords, workerDoings } from "@/cameras/words";
import { useLanguage, useToday } from "@/language/provider";
import type { PictureMode } from "@/pictures/mode";
import { type PictureState, playPictures } from "@/pictures/player";
import { useSeen } from "@/pictures/useSeen";
import { NO_VIDEO, playVideo, type VideoState } from "@/pictures/video";
import type { Camera } from "@/server/contract";
import { useLink, useLinkState, useNow } from "@/server/provider";

interface Props {
  camera: Camera;
  mode: PictureMode;
  /** Plays the camera's own video, where that can be, and says how it goes; else, and until it plays, pictures. */
  onVideo?: (state: VideoState) => void;
  /** Drawn over the picture, in its own box. */
  children?: ReactNode;
}

const NOTHING_YET: PictureState = { phase: "waiting", aspect: null };

export function CameraPicture({ camera, mode, onVideo, children }: Props) {
  const { t } = useLanguage();
  const away = useLinkState().phase === "away";
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const player = useRef<HTMLVideoElement>(null);
  const [picture, setPicture] = useState(NOTHING_YET);
  const [video, setVideo] = useState(NO_VIDEO);
  const seen = useSeen(box);

  // A camera that is not live has one last picture: asking for it again and again gives the same.
  const kind = camera.state === "live" ? mode.kind : "still";
  const everyMs = mode.kind === "poll" ? mode.everyMs : 0;
  const plain = mode.kind === "stream" && mode.plain === true;
  const playing = onVideo !== undefined && video.phase === "shown";
  const has = picture.aspect !== null || playing;
  const never = camera.last_frame_at === null;
  const play = seen && !away && !never && !playing && !(kind === "still" && mode.kind !== "still" && has);

  useEffect(() => {
    if (!play || !canvas.current) return;
    const played: PictureMode =
      kind === "poll" ? { kind, everyMs } : kind === "stream" ? { kind, plain } : { kind };
    return playPictures(canvas.current, camera.id, played, (state) =>
      setPicture((old) => ({ phase: state.phase, aspect: state.aspect ?? old.aspect })),
    );
  }, [play, camera.id, kind, everyMs, plain]);

  // Of a camera that is lost the last picture of its video stays.
  const watch = seen && !away && camera.state === "live";
  useEffect(() => {
    if (!watch || !onVideo || !player.current) return;
    return playVideo(player.current, camera.id, (state) => {
      setVideo(state);
      onVideo(state);
    });
  }, [watch, camera.id, onVideo]);

  const aspect = playing ? video.aspect : picture.aspect;
  const fault = away || (camera.state !== "live" && mode.kind !== "still");
  return (
    <div
      className="picture"
      ref={box}
      data-dim={fault && has ? "" : undefined}
      // What is drawn over the picture has to lie on it, not on bars beside it.
      style={children && aspect ? { aspectRatio: aspect } : undefined}
    >
      <canvas
        ref={canvas}
        width={16}
        height={9}
        hidden={picture.aspect === null || playing}
        role="img"
        aria-label={t(cameraWords.picture)(camera.name)}
        data-testid="camera-picture"
        data-camera={camera.id}
      />
      {onVideo && (
        <video
          ref={player}
          muted
          playsInline
          disablePictureInPicture
          data-shown={playing ? "" : undefined}
          aria-hidden={!playing}
          aria-label={t(cameraWords.picture)(camera.name)}
          data-testid="camera-video"
          data-camera={camera.id}
        />
      )}
      {has && children}
      {fault ? (
        <PictureFault camera={camera} away={away} never={!has && (never || picture.phase === "none")} />
      ) : (
        !has && (
          <p className="picture-words">
            {t(picture.phase === "none" ? cameraWords.pictureMissing : cameraWords.waiting)}
          </p>
        )
      )}
    </div>
  );
}

interface FaultProps {
  camera: Camera;
  away: boolean;
  /** There has never been a picture to show. */
  never: boolean;
}

function PictureFault({ camera, away, never }: FaultProps) {
  const { t, format } = useLanguage();
  const { awaySince } = useLinkState();
  const now = useNow();
  const today = useToday();
  const shared = useIsPartOfFault(camera.id);
  const Icon = away ? Unplug : STATE_ICONS[camera.state];
  const since = away ? awaySince : Date.parse(camera.since);
  const lasting = now !== null && since !== null ? format.duration((now - since) / 1000) : null;

  return (
    <div
      className="picture-fault"
      data-testid="picture-fault"
      data-tone={away ? "critical" : shared ? "calm" : STATE_TONES[camera.state]}
    >
      <p className="picture-fault-title">
        <Icon size={18} aria-hidden="true" />
        {t(away ? cameraWords.serverAway : stateWords[camera.state])}
      </p>
      <p>{t(away ? cameraWords.serverAwayCause : shared ? faultWords.part : causeOf(camera))}</p>
      {since !== null && (
        <p>
          {t(cameraWords.since)(format.when(since, today))}
          {lasting && ` · ${t(cameraWords.lasting)(lasting)}`}
        </p>
      )}
      {!away && !shared && <Doing camera={camera} />}
      {never && <p>{t(cameraWords.noPicture)}</p>}
    </div>
  );
}

/** What is being done about it. */
function Doing({ camera }: { camera: Camera }) {
  const { t } = useLanguage();
  const { state } = camera.worker;
  const doing = workerDoings[state];
  return (
    <>
      {doing && <p data-worker={state}>{t(doing)}</p>}
      {state !== "failed" && <Retry camera={camera} />}
    </>
  );
}

function Retry({ camera }: { camera: Camera }) {
  const { t, format } = useLanguage();
  const link = useLink();
  const now = useNow();
  const [due, setDue] = useState<number | null>(null);
  useEffect(() => {
    setDue(camera.retry_in_s === null ? null : link.clock.now() + camera.retry_in_s * 1000);
  }, [camera, link]);
  if (camera.worker.state === "starting" && camera.state !== "connecting") {
    return <p>{t(cameraWords.retryNow)}</p>;
  }
  if (due === null || now === null) return null;
  const left = (due - now) / 1000;
  return <p>{left >= 1 ? t(cameraWords.retryIn)(format.duration(left)) : t(cameraWords.retryNow)}</p>;
}
