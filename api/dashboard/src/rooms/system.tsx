/** System: what state the cameras and the server are in, dense and honest. */

import { Activity } from "lucide-react";
import { Link } from "wouter";
import { CameraStateWord } from "@/cameras/CameraState";
import { causeOf } from "@/cameras/cause";
import { SimulatedNote } from "@/cameras/Wall";
import { WorkerFacts } from "@/cameras/WorkerState";
import { cameraWords, columnWords } from "@/cameras/words";
import { connectionWords } from "@/frame/words";
import { useLanguage, useToday } from "@/language/provider";
import type { Room } from "@/rooms";
import { systemWords } from "@/rooms/words";
import type { Camera } from "@/server/contract";
import { useCameras, useHealth, useLinkState } from "@/server/provider";

export const room: Room = {
  path: "/system",
  order: 70,
  title: { vi: "Hệ thống", en: "System" },
  icon: Activity,
  Page: System,
};

function System() {
  const { t, format } = useLanguage();
  const { data: cameras, isError } = useCameras();
  const live = cameras?.filter((camera) => camera.state === "live").length ?? 0;
  return (
    <div className="system">
      <h1>{t(room.title)}</h1>
      <Server />
      <h2>{t(systemWords.cameras)}</h2>
      {cameras ? (
        <>
          <p>{t(systemWords.byState)(format.number(live), format.number(cameras.length))}</p>
          <SimulatedNote cameras={cameras} />
          {cameras.length === 0 ? <p>{t(cameraWords.noCameras)}</p> : <CameraTable cameras={cameras} />}
        </>
      ) : (
        <p>{t(isError ? cameraWords.notLoaded : cameraWords.loading)}</p>
      )}
    </div>
  );
}

function Server() {
  const { t } = useLanguage();
  const { site, phase } = useLinkState();
  const health = useHealth().data?.status;
  const known = { ok: systemWords.ok, degraded: systemWords.degraded };
  const words = (health && known[health]) ?? systemWords.unknown;
  const rows = [
    [systemWords.health, t(phase === "away" ? systemWords.unknown : words)],
    [systemWords.connection, t(connectionWords[phase])],
    [systemWords.site, site ? `${site.name} (${site.id})` : "–"],
    [systemWords.version, site?.version ?? "–"],
    [systemWords.timezone, site?.timezone ?? "–"],
  ] as const;
  return (
    <section aria-label={t(systemWords.server)}>
      <h2>{t(systemWords.server)}</h2>
      <dl className="server-facts">
        {rows.map(([name, value]) => (
          <div key={name.en}>
            <dt>{t(name)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const NUMERIC = new Set(["rate", "detectRate", "frames", "dropped", "reconnects"]);
const COLUMNS = [
  "camera",
  "state",
  "reader",
  "rate",
  "detectRate",
  "frames",
  "dropped",
  "reconnects",
  "size",
  "lastFrame",
  "lastGap",
  "watched",
  "detector",
] as const;

function CameraTable({ cameras }: { cameras: readonly Camera[] }) {
  const { t } = useLanguage();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled with the keyboard
    <section className="table-scroll" tabIndex={0} aria-label={t(systemWords.cameras)}>
      <table>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col" data-number={NUMERIC.has(column) ? "" : undefined}>
                {t(columnWords[column])}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cameras.map((camera) => (
            <CameraRow key={camera.id} camera={camera} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function CameraRow({ camera }: { camera: Camera }) {
  const { t, format } = useLanguage();
  const today = useToday();
  const moment = (at: string | null) => (at === null ? "–" : format.when(at, today));
  const gap = camera.gaps.at(-1);
  return (
    <tr>
      <th scope="row">
        <Link href={`/live/${encodeURIComponent(camera.id)}`}>{camera.name}</Link>
        <span className="cell-note">{camera.id}</span>
      </th>
      <td>
        <CameraStateWord camera={camera} />
        <span className="cell-note">{t(cameraWords.since)(moment(camera.since))}</span>
        {camera.state !== "live" && (
          <span className="cell-note" title={camera.reason ?? undefined}>
            {t(causeOf(camera))}
          </span>
        )}
      </td>
      <td>
        <WorkerFacts worker={camera.worker} />
      </td>
      <td data-number="">{format.number(camera.fps, 1)}</td>
      <td data-number="">{format.number(camera.detect_fps, 1)}</td>
      <td data-number="">{format.number(camera.frames)}</td>
      <td data-number="">{format.number(camera.dropped)}</td>
      <td data-number="">{format.number(camera.reconnects)}</td>
      <td>{camera.size ? camera.size.join(" × ") : "–"}</td>
      <td>{moment(camera.last_frame_at)}</td>
      <td>
        {gap
          ? t(columnWords.gapSpan)(
              moment(gap.from),
              gap.to === null ? t(columnWords.until) : format.time(gap.to),
            )
          : t(columnWords.noGap)}
      </td>
      <td className="cell-words">
        {t(columnWords.watchedCounts)(camera.lines.length, camera.zones.length, camera.rules.length)}
      </td>
      <td className="cell-words" title={camera.detector}>
        {camera.simulated ? t(cameraWords.simulated) : nameOf(camera.detector)}
      </td>
    </tr>
  );
}

/** The detector's name without its particulars, which the server tells in English: they are in the tooltip. */
function nameOf(detector: string): string {
  return detector.split(": ")[0] ?? detector;
}
