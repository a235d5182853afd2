/** Events and cameras that tell a story in one line. */

import type { Camera, Incident, Passage } from "@/server/contract";

/** The n-th event since the start, one a second; the id sorts as the server's do. */
export function passage(n: number, change: Partial<Passage> = {}): Passage {
  return {
    id: `${(1_700_000_000_000 + n * 1000).toString(16).padStart(12, "0")}00000000000000000000`,
    family: "passage",
    kind: "line_crossing",
    rule: "count-main",
    camera: "cau-vuot-1",
    time_s: n,
    at: new Date(1_700_000_000_000 + n * 1000).toISOString(),
    label: "motorcycle",
    track: n,
    place: [0.5, 0.5],
    score: 0.9,
    line: "main",
    direction: "left",
    speed_kmh: null,
    speed_error_kmh: null,
    ...change,
  };
}

export function incident(n: number, change: Partial<Incident> = {}): Incident {
  const { line: _, direction: __, speed_kmh: ___, speed_error_kmh: ____, ...common } = passage(n);
  return {
    ...common,
    family: "incident",
    kind: "intrusion",
    status: "began",
    began_s: n - 1,
    ended_s: null,
    severity: "warning",
    tracks: [n],
    ...change,
  };
}

export function camera(change: Partial<Camera> = {}): Camera {
  return {
    id: "cau-vuot-1",
    name: "Cầu vượt – hướng chợ",
    state: "live",
    reason: null,
    since: "2026-11-24T07:00:00.000Z",
    fps: 12.5,
    detect_fps: 12.5,
    frames: 100,
    dropped: 0,
    reconnects: 0,
    retry_in_s: null,
    size: [1280, 720],
    last_frame_at: "2026-11-24T07:05:00.000Z",
    detector: "street-n",
    simulated: false,
    gaps: [],
    worker: { home: "process", state: "running", restarts: 0, process: 4711, memory_mb: 96.4 },
    recorded: false,
    lines: [],
    zones: [],
    parts: [],
    rules: [],
    ...change,
  };
}
