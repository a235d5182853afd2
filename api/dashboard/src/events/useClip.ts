/** Asks for the clip of an event, and again as soon as one that is still being recorded should be whole. */

import { useQuery } from "@tanstack/react-query";
import { askClip } from "@/events/clip";
import { Problem } from "@/server/client";

/** Seconds until it is worth asking again; null where it is not. */
export function clipDueIn(error: Error | null): number | null {
  return error instanceof Problem && error.kind === "clip-not-ready" ? error.retryAfterS : null;
}

/** @param event Its id; null asks for none. */
export function useClip(event: string | null) {
  return useQuery({
    queryKey: ["clip", event],
    queryFn: ({ signal }) => askClip(event ?? "", signal),
    enabled: event !== null,
    refetchInterval: ({ state: { error } }) => {
      const dueIn = clipDueIn(error);
      return dueIn !== null && dueIn * 1000;
    },
    // Asked anew whenever it is looked at: an incident that went on has a longer one once it has ended.
    gcTime: 0,
  });
}
