/** Whether the page is as narrow as a telephone; the same width as in the style sheets. */

import { useSyncExternalStore } from "react";

const NARROW = "(max-width: 720px)";

function follow(onChange: () => void): () => void {
  const narrow = window.matchMedia(NARROW);
  narrow.addEventListener("change", onChange);
  return () => narrow.removeEventListener("change", onChange);
}

export function useNarrow(): boolean {
  return useSyncExternalStore(follow, () => window.matchMedia(NARROW).matches);
}
