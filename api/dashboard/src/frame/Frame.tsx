/** The house around the rooms: rail, top bar, and the way past them for the keyboard. */

import type { ReactNode } from "react";
import { Link, useRoute } from "wouter";
import { CommonFaultBanner } from "@/cameras/CommonFaultBanner";
import { TopBar } from "@/frame/TopBar";
import { frameWords } from "@/frame/words";
import { useLanguage } from "@/language/provider";
import { doorOf, type Room, rooms } from "@/rooms";

export function Frame({ children }: { children: ReactNode }) {
  const { t } = useLanguage();
  return (
    <div className="frame">
      <a className="skip" href="#room">
        {t(frameWords.skip)}
      </a>
      <TopBar />
      <CommonFaultBanner />
      <nav className="rail" aria-label={t(frameWords.rooms)}>
        {rooms.map((room) => (
          <Door key={room.path} room={room} />
        ))}
      </nav>
      <main id="room" className="room" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Door({ room }: { room: Room }) {
  const { t } = useLanguage();
  const [inside] = useRoute(room.path);
  const Icon = room.icon;
  return (
    <Link className="door" href={doorOf(room)} aria-current={inside ? "page" : undefined}>
      <Icon size={22} aria-hidden="true" />
      {t(room.title)}
    </Link>
  );
}
