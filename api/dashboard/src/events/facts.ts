/** What an event says, in words: one short line for the list, all of it for the detail. */

import type { Names } from "@/events/names";
import {
  directionWords,
  factWords,
  familyWords,
  figureWords,
  kindWords,
  labelWords,
  phaseWords,
  severityWords,
} from "@/events/words";
import type { Format } from "@/language/format";
import type { Both, Text } from "@/language/text";
import type { Incident, Measurement, PartKind, Passage, SceneEvent, Violation } from "@/server/contract";

export interface Speech {
  t: <T>(pair: Both<T>) => T;
  format: Format;
}

export interface Fact {
  name: Text;
  value: string;
  /** What the site file calls it, where people have another name for it. */
  ids: string | undefined;
}

/** A fact in the making. */
type Row = [name: Text, value: string | null | undefined, ids?: string];

export function kindWord(event: Pick<SceneEvent, "family" | "kind">, { t }: Pick<Speech, "t">): string {
  const known = kindWords[event.family][event.kind];
  return known ? t(known) : event.kind.replaceAll("_", " ");
}

function word(words: Record<string, Text>, value: string, { t }: Speech): string {
  const known = words[value];
  return known ? t(known) : value;
}

function speed(event: Passage, { format }: Speech): string | null {
  if (event.speed_kmh === null) return null;
  const error = event.speed_error_kmh === null ? "" : ` ± ${format.number(event.speed_error_kmh, 1)}`;
  return `${format.number(event.speed_kmh, 1)}${error} km/h`;
}

function amount(value: number | null, unit: string | null, { format }: Speech): string | null {
  if (value === null) return null;
  if (unit === "s") return format.duration(value);
  return [format.number(value, Number.isInteger(value) ? 0 : 1), unit].filter(Boolean).join(" ");
}

function progress(event: Incident, { t, format }: Speech): string {
  if (event.status === "began") return t(factWords.ongoing);
  if (event.ended_s === null) return t(factWords.ended);
  const words = event.outcome === "unknown" ? factWords.endUnknown : factWords.endedAfter;
  return t(words)(format.duration(event.ended_s - event.began_s));
}

function measuredAmount(event: Violation, speech: Speech): string | null {
  const { measured, error, unit } = event;
  if (measured === null || !error || unit === "s") return amount(measured, unit, speech);
  return `${speech.format.number(measured, 1)} ± ${String(amount(error, unit, speech))}`;
}

function excess(event: Violation, speech: Speech): string | null {
  const measured = measuredAmount(event, speech);
  const limit = amount(event.limit, event.unit, speech);
  if (!measured || !limit) return measured;
  return `${measured} (${speech.t(factWords.limit).toLocaleLowerCase()} ${limit})`;
}

/** A figure with its name: `flow (away) 420 veh/h`; one that is not known here as it is written. */
function figure(name: string, value: number, speech: Speech): string {
  const [base = name, direction] = name.split(":");
  const known = figureWords[base];
  const words = known ? speech.t(known) : base;
  const of = direction === undefined ? "" : ` (${word(directionWords, direction, speech)})`;
  // Levels of service are numbers from 1 to 6 in an event, and letters from A to F to people.
  const level = base.startsWith("level_of_service") ? "ABCDEF"[value - 1] : undefined;
  return `${words}${of} ${level ?? amount(value, known?.unit ?? null, speech)}`;
}

function figures(event: Measurement, speech: Speech): string[] {
  // A heat map is a picture, no list.
  if (event.kind === "heat_map") return [];
  return Object.entries(event.values).map(([name, value]) => figure(name, value, speech));
}

type Between = Pick<Passage | Measurement, "camera" | "from" | "to">;

/** From which line to which. */
function movement({ camera, from, to }: Between, names: Names): string | null {
  return from && to ? `${names.part(camera, "line", from)} → ${names.part(camera, "line", to)}` : null;
}

function movementRow(event: Between, names: Names): Row {
  return [factWords.movement, movement(event, names), `${event.from} → ${event.to}`];
}

function measuredAt(event: Measurement, names: Names): string | null {
  if (event.line) return names.part(event.camera, "line", event.line);
  if (event.zone) return names.part(event.camera, "zone", event.zone);
  return movement(event, names);
}

function way(event: Passage, speech: Speech): string | null {
  return event.direction && word(directionWords, event.direction, speech);
}

const PART_NAMES: Record<PartKind, Text> = {
  line: factWords.line,
  zone: factWords.zone,
  lane: factWords.lane,
  signal: factWords.signal,
};
const PART_KINDS = Object.keys(PART_NAMES) as PartKind[];

/** Parts of one kind by their names. */
function partRow(
  camera: string,
  kind: PartKind,
  ids: readonly (string | null | undefined)[],
  names: Names,
): Row {
  const known = ids.filter((id): id is string => Boolean(id));
  const called = known.map((id) => names.part(camera, kind, id));
  return [PART_NAMES[kind], called.join(", "), known.join(", ")];
}

/** What the rule of an event looks at: an offence or a state says only which rule found it. */
function lookedAt({ camera, rule }: SceneEvent, names: Names): Row[] {
  const parts = names.rule(camera, rule);
  return PART_KINDS.map((kind) =>
    partRow(
      camera,
      kind,
      parts.filter((part) => part.kind === kind).map((part) => part.id),
      names,
    ),
  );
}

/** What tells this event from others of its kind, shortest first. */
export function summary(event: SceneEvent, names: Names, speech: Speech): string[] {
  const { t, format } = speech;
  const label = event.label && t(labelWords[event.label]);
  const rest: (string | null)[] = (() => {
    switch (event.family) {
      case "passage":
        return [movement(event, names) ?? way(event, speech), speed(event, speech)];
      case "violation":
        return [excess(event, speech)];
      case "incident":
        return [progress(event, speech)];
      case "measurement":
        return [
          measuredAt(event, names),
          figures(event, speech)[0] ?? null,
          format.duration(event.ended_s - event.began_s),
          t(factWords.watched)(format.percent(event.completeness)),
        ];
    }
  })();
  return [label, ...rest].filter((part): part is string => Boolean(part));
}

function familyFacts(event: SceneEvent, names: Names, speech: Speech): Row[] {
  const { t, format } = speech;
  switch (event.family) {
    case "passage":
      return [
        partRow(event.camera, "line", [event.line], names),
        movementRow(event, names),
        [factWords.direction, way(event, speech)],
        [factWords.speed, speed(event, speech)],
      ];
    case "violation":
      return [
        ...lookedAt(event, names),
        [factWords.measured, measuredAmount(event, speech)],
        [factWords.limit, amount(event.limit, event.unit, speech)],
        [factWords.phase, event.phase && word(phaseWords, event.phase, speech)],
        [factWords.code, event.code],
        [factWords.case, event.case],
      ];
    case "incident":
      return [
        ...lookedAt(event, names),
        [factWords.severity, t(severityWords[event.severity])],
        [factWords.status, progress(event, speech)],
        [factWords.tracks, event.tracks.length > 0 ? event.tracks.join(", ") : null],
      ];
    case "measurement":
      return [
        partRow(event.camera, "line", [event.line], names),
        partRow(event.camera, "zone", [event.zone], names),
        movementRow(event, names),
        [factWords.interval, format.duration(event.ended_s - event.began_s)],
        [factWords.completeness, format.percent(event.completeness)],
        [factWords.figures, figures(event, speech).join("; ") || null],
      ];
  }
}

/** Everything worth reading; what the event does not have is left out. */
export function facts(event: SceneEvent, names: Names, speech: Speech): Fact[] {
  const { t, format } = speech;
  const all: Row[] = [
    [factWords.time, `${format.date(event.at)} ${format.time(event.at)}`],
    [factWords.camera, names.camera(event.camera), event.camera],
    [factWords.family, t(familyWords[event.family])],
    [factWords.label, event.label && t(labelWords[event.label])],
    ...familyFacts(event, names, speech),
    [factWords.rule, event.rule],
    [factWords.track, event.track === null ? null : String(event.track)],
    [factWords.score, format.percent(event.score)],
    [factWords.place, event.place?.map((part) => format.number(part, 3)).join(" ; ")],
    [factWords.stream, `${format.number(event.time_s, 2)} s`],
    [factWords.id, event.id],
  ];
  return all.flatMap(([name, value, ids]) =>
    value ? [{ name, value, ids: ids === value ? undefined : ids }] : [],
  );
}
