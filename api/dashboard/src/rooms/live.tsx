/** Live: the wall of cameras, or one of them, with the events as they come. */

import { Cctv, ChevronLeft } from "lucide-react";
import { Link, useParams } from "wouter";
import { CameraPicture } from "@/cameras/CameraPicture";
import { CameraCaption, SimulatedNote, Wall } from "@/cameras/Wall";
import { cameraWords } from "@/cameras/words";
import { EventBrowser } from "@/events/EventBrowser";
import { listWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import { pictureMode } from "@/pictures/mode";
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

function OneCamera({ camera }: { camera: Camera }) {
  const { t } = useLanguage();
  return (
    <>
      <Link className="back" href="/live">
        <ChevronLeft size={18} aria-hidden="true" />
        {t(cameraWords.allCameras)}
      </Link>
      <SimulatedNote cameras={[camera]} />
      <div className="tile tile-one">
        <CameraPicture camera={camera} mode={pictureMode(1)} />
        <CameraCaption camera={camera} />
      </div>
    </>
  );
}
