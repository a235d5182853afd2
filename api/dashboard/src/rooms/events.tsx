/** Events: everything that happened, newest first, list and detail side by side. */

import { List } from "lucide-react";
import { EventBrowser } from "@/events/EventBrowser";
import { useLanguage } from "@/language/provider";
import type { Room } from "@/rooms";

export const room: Room = {
  path: "/events",
  order: 30,
  title: { vi: "Sự kiện", en: "Events" },
  icon: List,
  Page: Events,
};

function Events() {
  const { t } = useLanguage();
  return <EventBrowser density="table" heading={<h1>{t(room.title)}</h1>} />;
}
