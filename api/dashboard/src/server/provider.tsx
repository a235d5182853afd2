/** Puts the live connection and the camera list within reach of every component. */

import {
  QueryClient,
  QueryClientProvider,
  queryOptions,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from "react";
import { apiPath, getJson, Problem } from "@/server/client";
import type { Camera, EventKind, Health, Part, Rule, SceneEvent, Site } from "@/server/contract";
import { type LinkState, ServerLink } from "@/server/link";

const LinkContext = createContext<ServerLink | null>(null);

function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // An answer that says no will say so again; silence is worth another try.
        retry: (count, error) => !(error instanceof Problem) && count < 3,
        refetchOnWindowFocus: false,
      },
    },
  });
}

function openLink(): ServerLink {
  return new ServerLink({
    openStream: () => new EventSource(apiPath("/events/stream")),
    askSite: () => getJson<Site>(apiPath("/site"), undefined, 4_000),
  });
}

export function ServerProvider({ children }: { children: ReactNode }) {
  const [queries] = useState(newQueryClient);
  const [link] = useState(openLink);

  useEffect(() => {
    const stop = link.start();
    const hurryIfSeen = () => {
      if (!document.hidden) link.hurry();
    };
    window.addEventListener("online", link.hurry);
    document.addEventListener("visibilitychange", hurryIfSeen);
    return () => {
      stop();
      window.removeEventListener("online", link.hurry);
      document.removeEventListener("visibilitychange", hurryIfSeen);
    };
  }, [link]);

  return (
    <QueryClientProvider client={queries}>
      <LinkContext value={link}>
        <CameraChanges />
        {children}
      </LinkContext>
    </QueryClientProvider>
  );
}

export function useLink(): ServerLink {
  const link = useContext(LinkContext);
  if (!link) throw new Error("useLink stands outside ServerProvider");
  return link;
}

export function useLinkState(): LinkState {
  const link = useLink();
  return useSyncExternalStore(link.onState, link.state);
}

/** Server time in ms, to the second; null until the server has told it. */
export function useNow(): number | null {
  const link = useLink();
  const [now, setNow] = useState(() => link.clock.now());
  useEffect(() => link.clock.everySecond(() => setNow(link.clock.now())), [link]);
  return link.clock.synced ? now : null;
}

const CAMERAS = ["cameras"];

interface CameraList {
  items: Camera[];
}

const CAMERA_LIST = queryOptions({
  queryKey: CAMERAS,
  queryFn: ({ signal }) => getJson<CameraList>(apiPath("/cameras"), signal),
  // Changes of state come over the stream; counters and rates do not.
  refetchInterval: 5_000,
});

export function useCameras() {
  return useQuery({ ...CAMERA_LIST, select: (list) => list.items });
}

/** What stays the same about a camera. */
export interface CameraCard {
  name: string;
  parts: Part[];
  rules: Rule[];
}

function cardsOf(list: CameraList): Record<string, CameraCard> {
  return Object.fromEntries(list.items.map(({ id, name, parts, rules }) => [id, { name, parts, rules }]));
}

/** By the id of the camera. Always the same object while nothing of it changes, so that lists need not be drawn anew. */
export function useCameraCards(): Record<string, CameraCard> | undefined {
  return useQuery({ ...CAMERA_LIST, select: cardsOf }).data;
}

/** One event by its id; null asks for none. */
export function useEvent(id: string | null) {
  return useQuery({
    queryKey: ["event", id],
    queryFn: ({ signal }) => getJson<SceneEvent>(apiPath(`/events/${encodeURIComponent(id ?? "")}`), signal),
    enabled: id !== null,
  });
}

/** The kinds of all events that there are. */
export function useEventKinds() {
  return useQuery({
    queryKey: ["kinds"],
    queryFn: ({ signal }) => getJson<{ items: EventKind[] }>(apiPath("/events/kinds"), signal),
    select: (list) => list.items,
    refetchInterval: 30_000,
  });
}

const HEALTH = ["health"];
/** While events can't be written, the answer is the same under another status. */
const NOT_WRITING = 503;

export function useHealth() {
  return useQuery({
    queryKey: HEALTH,
    queryFn: ({ signal }) => getJson<Health>("/health", signal, undefined, NOT_WRITING),
    refetchInterval: 10_000,
  });
}

/** Many cameras change together: their health is asked for once. */
const SETTLED_MS = 200;

/** Writes what the stream says about a camera into the list, and asks anew what follows, and after every reconnect. */
function CameraChanges() {
  const link = useLink();
  const queries = useQueryClient();
  const { generation } = useLinkState();

  useEffect(() => {
    let settled: ReturnType<typeof setTimeout> | undefined;
    const stop = link.onCamera((camera) => {
      queries.setQueryData<CameraList>(CAMERAS, (list) =>
        list ? { ...list, items: list.items.map((old) => (old.id === camera.id ? camera : old)) } : list,
      );
      clearTimeout(settled);
      settled = setTimeout(() => void queries.invalidateQueries({ queryKey: HEALTH }), SETTLED_MS);
    });
    return () => {
      stop();
      clearTimeout(settled);
    };
  }, [link, queries]);

  useEffect(() => {
    if (generation > 1) void queries.invalidateQueries();
  }, [generation, queries]);

  return null;
}
