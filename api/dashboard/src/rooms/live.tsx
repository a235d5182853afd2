/** Live: the wall of cameras, or one of them, with the events as they come. */

import { Cctv, ChevronLeft } from "lucide-react";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { CameraPicture } from "@/cameras/CameraPicture";
import { CameraCaption, SimulatedNote, Wall } from "@/cameras/Wall";
import { cameraWords } from "@/cameras/words";
import { EventBrowser } from "@/events/EventBrowser";
import { listWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import { pictureMode } from "@/pictures/mode";
import { codecTitle, NO_VIDEO, type VideoState } from "@/pictures/video";
import { pictureWords, videoFaultWords } from "@/pictures/words";
import { recall, remember } from "@/preferences";
import type { Room } from "@/rooms";
import type { Camera } from "@/server/contract";
import { useCameras } from "@/server/provider";

export const room: Room = {
  path: "/live/:camera?",
  order: 20,
  title: { vi: "Trực tiếp", en: "Live" },
  icon: Cctv,
  Page: Live,
};

function Live() {
  const { t } = useLanguage();
  const { camera } = useParams<{ camera?: string }>();
  const id = camera === undefined ? undefined : decodeURIComponent(camera);
  return (
    <div className="live">
      <h1 className="hidden-words">{t(room.title)}</h1>
      <section className="live-pictures" aria-label={t(room.title)}>
        <Pictures id={id} />
      </section>
      <EventBrowser density="column" heading={<h2>{t(listWords.title)}</h2>} camera={id} />
    </div>
  );
}

function Pictures({ id }: { id: string | undefined }) {
  const { t } = useLanguage();
  const { data: cameras, isError } = useCameras();
  if (!cameras)
    return <p className="room-words">{t(isError ? cameraWords.notLoaded : cameraWords.loading)}</p>;
  if (cameras.length === 0) return <p className="room-words">{t(cameraWords.noCameras)}</p>;
  if (id === undefined) {
    return (
      <>
        <SimulatedNote cameras={cameras} />
        <Wall cameras={cameras} />
      </>
    );
  }
  const camera = cameras.find((one) => one.id === id);
  return camera ? (
    <OneCamera key={id} camera={camera} />
  ) : (
    <p className="room-words">
      {t(cameraWords.unknownCamera)(id)} <Link href="/live">{t(cameraWords.allCameras)}</Link>
    </p>
  );
}

/** How one camera is watched: as it sends its video, or picture by picture with what was found in them. */
const WAYS = ["video", "boxes"] as const;
type Way = (typeof WAYS)[number];

function OneCamera({ camera }: { camera: Camera }) {
  const { t } = useLanguage();
  const [way, setWay] = useState<Way>(() => recall("way", WAYS));
  const [video, setVideo] = useState(NO_VIDEO);
  return (
    <>
      <div className="ways">
        <Link className="back" href="/live">
          <ChevronLeft size={18} aria-hidden="true" />
          {t(cameraWords.allCameras)}
        </Link>
        <WayWords way={way} video={video} />
        <fieldset className="languages" aria-label={t(pictureWords.choice)}>
          {WAYS.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === way}
              onClick={() => {
                remember("way", one);
                setWay(one);
              }}
            >
              {t(pictureWords[one])}
            </button>
          ))}
        </fieldset>
      </div>
      <SimulatedNote cameras={[camera]} />
      <div className="tile tile-one">
        {way === "video" ? (
          <CameraPicture
            key={way}
            camera={camera}
            mode={{ kind: "stream", plain: true }}
            onVideo={setVideo}
          />
        ) : (
          <CameraPicture key={way} camera={camera} mode={pictureMode(1)} />
        )}
        <CameraCaption camera={camera} />
      </div>
    </>
  );
}

/** Says in small words what is seen: the camera's own video, or single pictures and why. */
function WayWords({ way, video }: { way: Way; video: VideoState }) {
  const { t } = useLanguage();
  const codec = video.codec && codecTitle(video.codec);
  let words = t(pictureWords.opening);
  if (way === "boxes") words = t(pictureWords.drawn);
  else if (video.phase === "shown") words = t(pictureWords.playing)(codec ?? "");
  else if (video.why !== null) {
    const why = t(videoFaultWords[video.why]);
    words = t(pictureWords.instead)(video.why === "codec" && codec ? t(pictureWords.coded)(why, codec) : why);
  }
  return (
    <span className="way-words" data-testid="way" data-way={way === "boxes" ? way : video.phase}>
      {words}
    </span>
  );
}
