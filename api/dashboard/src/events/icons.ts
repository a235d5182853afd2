/** One shape for each label, family and severity. */

import {
  Bike,
  Bus,
  Car,
  Cctv,
  ChartColumn,
  Gavel,
  Info,
  type LucideIcon,
  Motorbike,
  OctagonAlert,
  PersonStanding,
  Route,
  Siren,
  TriangleAlert,
  Truck,
} from "lucide-react";
import type { Family, Label, SceneEvent, Severity } from "@/server/contract";

const LABEL_ICONS: Record<Label, LucideIcon> = {
  person: PersonStanding,
  bicycle: Bike,
  motorcycle: Motorbike,
  car: Car,
  bus: Bus,
  truck: Truck,
};

const FAMILY_ICONS: Record<Family, LucideIcon> = {
  passage: Route,
  violation: Gavel,
  incident: Siren,
  measurement: ChartColumn,
};

export const SEVERITY_ICONS: Record<Severity, LucideIcon> = {
  info: Info,
  warning: TriangleAlert,
  critical: OctagonAlert,
};

/** What the event is about: the road user where there is one, otherwise the sort of event. */
export function subjectIcon(event: SceneEvent): LucideIcon {
  if (event.kind.startsWith("camera_")) return Cctv;
  return event.label ? LABEL_ICONS[event.label] : FAMILY_ICONS[event.family];
}
