/** Which events a list shows. Lives in the address, so that it can be sent to a colleague. */

import { FAMILIES, type Family, LABELS, type Label, type SceneEvent } from "@/server/contract";

export interface EventFilter {
  family: Family | null;
  kind: string | null;
  camera: string | null;
  label: Label | null;
  /** Only incidents that still go on. */
  open: boolean;
  /** Only events before this moment (RFC 3339): a look back, without live news. */
  before: string | null;
}

export const NO_FILTER: EventFilter = {
  family: null,
  kind: null,
  camera: null,
  label: null,
  open: false,
  before: null,
};

function oneOf<T extends string>(value: string | null, known: readonly T[]): T | null {
  return known.find((word) => word === value) ?? null;
}

export function filterOf(search: string): EventFilter {
  const query = new URLSearchParams(search);
  return {
    family: oneOf(query.get("family"), FAMILIES),
    kind: query.get("kind"),
    camera: query.get("camera"),
    label: oneOf(query.get("label"), LABELS),
    open: query.get("open") === "1",
    before: query.get("before"),
  };
}

/** The address with a filter in it; other parts of the address stay as they are. */
export function withFilter(search: string, filter: EventFilter): string {
  const query = new URLSearchParams(search);
  for (const name of ["family", "kind", "camera", "label", "before"] as const) {
    const value = filter[name];
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  if (filter.open) query.set("open", "1");
  else query.delete("open");
  return query.toString();
}

export function isFiltered(filter: EventFilter): boolean {
  return withFilter("", filter) !== "";
}

/** Families to show. Measurements come by the clock, so many that all else would drown: only who asks sees them. */
export function familiesOf(filter: EventFilter): Family[] {
  if (filter.family !== null) return [filter.family];
  return FAMILIES.filter((family) => family !== "measurement" || filter.kind !== null);
}

/** The same choice as the server makes, for events that come live. */
export function matches(filter: EventFilter, event: SceneEvent): boolean {
  return (
    familiesOf(filter).includes(event.family) &&
    (filter.kind === null || event.kind === filter.kind) &&
    (filter.camera === null || event.camera === filter.camera) &&
    (filter.label === null || event.label === filter.label)
  );
}
