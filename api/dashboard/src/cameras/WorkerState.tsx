/** Who reads a camera, and how that goes: quiet while it does, in words when something is being done about it. */

import {
  CircleCheck,
  CircleStop,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
  OctagonX,
  RotateCw,
  Timer,
} from "lucide-react";
import { workerDoings, workerStateWords, workerWords } from "@/cameras/words";
import { useLanguage } from "@/language/provider";
import type { CameraWorker, WorkerState } from "@/server/contract";
import { useLinkState } from "@/server/provider";

const ICONS: Record<WorkerState, LucideIcon> = {
  starting: LoaderCircle,
  running: CircleCheck,
  stuck: Hourglass,
  waiting: Timer,
  restarting: RotateCw,
  failed: OctagonX,
  ended: CircleStop,
};

const TONES: Record<WorkerState, string> = {
  starting: "calm",
  running: "calm",
  stuck: "warning",
  // That the camera is away is told by its own state.
  waiting: "calm",
  restarting: "warning",
  failed: "critical",
  ended: "calm",
};

/** For the engineer: its state, what is done about it, its process and what that has taken. */
export function WorkerFacts({ worker }: { worker: CameraWorker }) {
  const { t, format } = useLanguage();
  if (useLinkState().phase === "away") return "–";
  const Icon = ICONS[worker.state];
  const doing = workerDoings[worker.state];
  const home =
    worker.home === "thread"
      ? t(workerWords.inProgram)
      : worker.process !== null && t(workerWords.process)(String(worker.process));
  const memory = worker.memory_mb !== null && t(workerWords.memory)(format.number(worker.memory_mb, 0));
  return (
    <>
      <span
        className="state"
        data-tone={TONES[worker.state]}
        data-testid="worker-state"
        data-state={worker.state}
      >
        <Icon size={16} aria-hidden="true" />
        {t(workerStateWords[worker.state])}
      </span>
      {doing && <span className="cell-note">{t(doing)}</span>}
      <span className="cell-note cell-line">{[home, memory].filter(Boolean).join(" · ")}</span>
      {worker.restarts > 0 && (
        <span className="cell-note">{t(workerWords.restarts)(format.number(worker.restarts))}</span>
      )}
    </>
  );
}
