/** Draws a camera's pictures on a canvas for as long as it is asked to, and says what it could draw. */

import type { PictureMode } from "@/pictures/mode";
import { boundaryOf, newestParts } from "@/pictures/multipart";
import { apiPath } from "@/server/client";

export interface PictureState {
  /** `none`: asked and not got; a picture drawn earlier stays on the canvas. */
  phase: "waiting" | "shown" | "none";
  /** Width to height of the last picture; null before the first. */
  aspect: number | null;
}

const RETRY_MS = [500, 1_000, 2_000, 4_000];
const SNAPSHOT_TIMEOUT_MS = 8_000;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function answer(path: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(path, { signal, cache: "no-store" });
  if (!response.ok) throw new Error(`no picture: ${response.status}`);
  return response;
}

async function snapshot(camera: string, overlay: boolean, signal: AbortSignal): Promise<Blob> {
  const path = apiPath(`/cameras/${encodeURIComponent(camera)}/snapshot.jpg`, { overlay: overlay ? 1 : 0 });
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(SNAPSHOT_TIMEOUT_MS)]);
  return (await answer(path, inTime)).blob();
}

async function* pictures(camera: string, mode: PictureMode, signal: AbortSignal): AsyncGenerator<Blob> {
  if (mode.kind === "still") {
    yield await snapshot(camera, false, signal);
  } else if (mode.kind === "poll") {
    while (!signal.aborted) {
      const asked = performance.now();
      yield await snapshot(camera, true, signal);
      await pause(Math.max(0, mode.everyMs - (performance.now() - asked)), signal);
    }
  } else {
    const path = apiPath(`/cameras/${encodeURIComponent(camera)}/preview.mjpeg`, {
      overlay: mode.plain ? 0 : 1,
    });
    const response = await answer(path, signal);
    if (!response.body) return;
    for await (const jpeg of newestParts(response.body, boundaryOf(response.headers.get("Content-Type")))) {
      yield new Blob([jpeg], { type: "image/jpeg" });
    }
    throw new Error("the stream of pictures has ended");
  }
}

async function draw(canvas: HTMLCanvasElement, jpeg: Blob): Promise<number> {
  const bitmap = await createImageBitmap(jpeg);
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, 0, 0);
  bitmap.close();
  // How many pictures have been drawn: for tests and for whoever looks into the page with its tools.
  canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
  return canvas.width / canvas.height;
}

/** Starts; returns what stops it. Failures are retried, ever more patiently. */
export function playPictures(
  canvas: HTMLCanvasElement,
  camera: string,
  mode: PictureMode,
  tell: (state: PictureState) => void,
): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  let aspect: number | null = null;

  const play = async () => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const jpeg of pictures(camera, mode, signal)) {
          if (signal.aborted) return;
          const drawn = await draw(canvas, jpeg);
          if (failures > 0 || drawn !== aspect) tell({ phase: "shown", aspect: drawn });
          aspect = drawn;
          failures = 0;
        }
        return; // A still has been drawn.
      } catch {
        if (signal.aborted) return;
        tell({ phase: "none", aspect });
        await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0, signal);
        failures += 1;
      }
    }
  };
  void play();
  return () => abort.abort();
}
