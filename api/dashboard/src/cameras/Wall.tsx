/** All cameras at once, as large as the room allows. */

import { FlaskConical } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { CameraPicture } from "@/cameras/CameraPicture";
import { CameraStateWord } from "@/cameras/CameraState";
import { wallLayout } from "@/cameras/wallLayout";
import { cameraWords } from "@/cameras/words";
import { useLanguage } from "@/language/provider";
import { type PictureMode, pictureMode } from "@/pictures/mode";
import type { Camera } from "@/server/contract";
import { useLinkState } from "@/server/provider";

/** Caption and borders of a tile; as in the style sheet. */
const CAPTION = 34;
const GAP = 8;

export function Wall({ cameras }: { cameras: readonly Camera[] }) {
  const wall = useRef<HTMLUListElement>(null);
  const [space, setSpace] = useState({ width: 0, height: 0 });

  useEffect(() => {
    if (!wall.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSpace({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(wall.current);
    return () => observer.disconnect();
  }, []);

  const { columns, width } = wallLayout(cameras.length, { ...space, caption: CAPTION, gap: GAP });
  const mode = pictureMode(cameras.length);
  return (
    <ul className="wall" ref={wall} style={{ gridTemplateColumns: `repeat(${columns}, ${width}px)` }}>
      {cameras.map((camera) => (
        <li key={camera.id} className="tile">
          <Tile camera={camera} mode={mode} />
        </li>
      ))}
    </ul>
  );
}

function Tile({ camera, mode }: { camera: Camera; mode: PictureMode }) {
  return (
    <>
      <CameraPicture camera={camera} mode={mode} />
      <CameraCaption camera={camera} linked />
    </>
  );
}

interface CaptionProps {
  camera: Camera;
  /** The name leads to the camera's own page; the whole tile can be clicked for it. */
  linked?: boolean;
}

export function CameraCaption({ camera, linked = false }: CaptionProps) {
  const { t, format } = useLanguage();
  const away = useLinkState().phase === "away";
  return (
    <div className="caption">
      {linked ? (
        <Link className="caption-name" href={`/live/${encodeURIComponent(camera.id)}`} title={camera.name}>
          {camera.name}
        </Link>
      ) : (
        <span className="caption-name" title={camera.name}>
          {camera.name}
        </span>
      )}
      {camera.simulated && (
        <span className="badge">
          <FlaskConical size={14} aria-hidden="true" />
          {t(cameraWords.simulated)}
        </span>
      )}
      {camera.state === "live" && !away && (
        <span className="caption-rate">{t(cameraWords.fps)(format.number(camera.fps, 1))}</span>
      )}
      <CameraStateWord camera={camera} />
    </div>
  );
}

/** Says once, above all pictures, whose detections are made up. */
export function SimulatedNote({ cameras }: { cameras: readonly Camera[] }) {
  const { t } = useLanguage();
  const simulated = cameras.filter((camera) => camera.simulated);
  if (simulated.length === 0) return null;
  const all = simulated.length === cameras.length;
  return (
    <p className="note">
      <FlaskConical size={16} aria-hidden="true" />
      {all
        ? t(cameraWords.simulatedNote)
        : t(cameraWords.simulatedSome)(simulated.map((camera) => camera.name).join(", "))}
    </p>
  );
}
