/** The shapes of `/api/v1`, as the server sends them. */

export const FAMILIES = ["passage", "violation", "incident", "measurement"] as const;
export type Family = (typeof FAMILIES)[number];

export const LABELS = ["person", "bicycle", "motorcycle", "car", "bus", "truck"] as const;
export type Label = (typeof LABELS)[number];

export type Severity = "info" | "warning" | "critical";

interface EventBase {
  /** Sorts by time; the same cause always has the same id. */
  id: string;
  kind: string;
  rule: string;
  camera: string;
  /** Stream clock, seconds. */
  time_s: number;
  /** The same moment for people: UTC, RFC 3339. */
  at: string;
  label: Label | null;
  track: number | null;
  /** x and y as 0..1 of the picture. */
  place: [number, number] | null;
  score: number;
}

export interface Passage extends EventBase {
  family: "passage";
  line: string | null;
  direction: string | null;
  from?: string | null;
  to?: string | null;
  speed_kmh: number | null;
  speed_error_kmh: number | null;
}

export interface Violation extends EventBase {
  family: "violation";
  fired_s: number;
  measured: number | null;
  error?: number | null;
  limit: number | null;
  unit: string | null;
  phase: string | null;
  code: string | null;
  case: string | null;
}

export interface Incident extends EventBase {
  family: "incident";
  status: "began" | "ended";
  began_s: number;
  ended_s: number | null;
  severity: Severity;
  tracks: number[];
  /** Nobody saw how it ended: the camera could not be trusted any more. */
  outcome?: "unknown";
}

export interface Measurement extends EventBase {
  family: "measurement";
  /** What was measured: a line, a zone, a movement; none of them: the whole picture. */
  line?: string | null;
  zone?: string | null;
  from?: string | null;
  to?: string | null;
  began_s: number;
  ended_s: number;
  values: Record<string, number>;
  by_label: Record<string, Record<string, number>>;
  /** Share of the interval that was really watched, 0..1. */
  completeness: number;
}

/** What happened in a scene. Not called Event: that name is the browser's. */
export type SceneEvent = Passage | Violation | Incident | Measurement;

export interface EventPage {
  /** Newest first. */
  items: SceneEvent[];
  /** Where the next older page starts; null where there is none. */
  next: string | null;
}

export interface EventKind {
  family: Family;
  kind: string;
}

export type CameraState = "connecting" | "live" | "stalled" | "lost" | "refused" | "ended";

export type WorkerState = "starting" | "running" | "stuck" | "waiting" | "restarting" | "failed" | "ended";

/** Who reads a camera. */
export interface CameraWorker {
  home: "thread" | "process";
  state: WorkerState;
  /** How often it hung, died or was killed. */
  restarts: number;
  /** Id of its process; null where it has none. */
  process: number | null;
  memory_mb: number | null;
}

export type PartKind = "line" | "zone" | "lane" | "signal";

/** A part of a camera's scene. */
export interface Part {
  kind: PartKind;
  id: string;
  /** For people; null where it has none. */
  name: string | null;
}

export interface Rule {
  id: string;
  kind: string;
  /** What it watches. */
  parts: Part[];
}

export interface Gap {
  from: string;
  to: string | null;
  reason: string;
}

export interface Camera {
  id: string;
  name: string;
  state: CameraState;
  reason: string | null;
  since: string;
  fps: number;
  detect_fps: number;
  frames: number;
  dropped: number;
  reconnects: number;
  retry_in_s: number | null;
  size: [number, number] | null;
  last_frame_at: string | null;
  detector: string;
  /** Detections are made up by the simulator, not seen in the picture. */
  simulated: boolean;
  gaps: Gap[];
  worker: CameraWorker;
  /** Whether it is recorded, so that its events have clips. */
  recorded: boolean;
  lines: string[];
  zones: string[];
  parts: Part[];
  rules: Rule[];
}

export interface Site {
  id: string;
  name: string;
  timezone: string;
  version: string;
  now: string;
}

/** One fault that took many cameras away together. */
export interface CommonFault {
  since: string;
  /** Ids of those that are not back yet. */
  cameras: string[];
  /** How many live cameras there are. */
  watched: number;
  /** Why the first of them was lost. */
  reason: string;
}

export interface Health {
  status: "ok" | "degraded";
  common_fault: CommonFault | null;
}
