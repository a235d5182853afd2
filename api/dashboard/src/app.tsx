/** The page: who is within reach of whom, and which room stands at which address. */

import { useEffect } from "react";
import { Link, Redirect, Route, Switch } from "wouter";
import { CommonFaultProvider } from "@/cameras/commonFault";
import { IncidentProvider } from "@/events/openIncidents";
import { Frame } from "@/frame/Frame";
import { frameWords } from "@/frame/words";
import { LanguageProvider, useLanguage } from "@/language/provider";
import { type Room, rooms } from "@/rooms";
import { ServerProvider, useLinkState } from "@/server/provider";

export function App() {
  return (
    <ServerProvider>
      <LanguageProvider>
        <IncidentProvider>
          <CommonFaultProvider>
            <Frame>
              <Switch>
                <Route path="/">
                  <Redirect to="/live" replace />
                </Route>
                {rooms.map((room) => (
                  <Route key={room.path} path={room.path}>
                    <Inside room={room} />
                  </Route>
                ))}
                <Route>
                  <NotFound />
                </Route>
              </Switch>
            </Frame>
          </CommonFaultProvider>
        </IncidentProvider>
      </LanguageProvider>
    </ServerProvider>
  );
}

function Inside({ room }: { room: Room }) {
  const { t } = useLanguage();
  const site = useLinkState().site?.name ?? t(frameWords.product);
  const title = t(room.title);
  useEffect(() => {
    document.title = `${title} – ${site}`;
  }, [title, site]);
  return <room.Page />;
}

function NotFound() {
  const { t } = useLanguage();
  return (
    <div className="room-words">
      <h1>{t(frameWords.notFound)}</h1>
      <Link href="/live">{t(frameWords.toLive)}</Link>
    </div>
  );
}
