/** Site, clock, connection, open incidents; language and theme. */

import { CircleCheck, LoaderCircle, Moon, OctagonAlert, Sun, Unplug } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { NO_FILTER } from "@/events/filter";
import { useOpenIncidents } from "@/events/openIncidents";
import { chosenTheme, showTheme } from "@/frame/theme";
import { connectionWords, frameWords } from "@/frame/words";
import { useLanguage, useToday } from "@/language/provider";
import { LANGUAGES } from "@/language/text";
import { useLinkState, useNow } from "@/server/provider";

export function TopBar() {
  const { t } = useLanguage();
  const { site } = useLinkState();
  return (
    <header className="top">
      <span className="top-product">{t(frameWords.product)}</span>
      <span className="top-site">{site?.name}</span>
      <span className="top-space" />
      <Incidents />
      <Connection />
      <Clock />
      <LanguageSwitch />
      <ThemeSwitch />
    </header>
  );
}

function Incidents() {
  const { t, format } = useLanguage();
  const { log } = useOpenIncidents(NO_FILTER);
  const count = log.events.length;
  const critical = log.events.some((event) => event.family === "incident" && event.severity === "critical");
  const tone = critical ? "critical" : count > 0 ? "warning" : "calm";
  return (
    <Link className="top-incidents" href="/events?family=incident&open=1" data-tone={tone}>
      <OctagonAlert size={18} aria-hidden="true" />
      {t(frameWords.openIncidents)(format.number(count))}
    </Link>
  );
}

const CONNECTION_ICONS = { connecting: LoaderCircle, live: CircleCheck, away: Unplug };

function Connection() {
  const { t, format } = useLanguage();
  const { phase, awaySince } = useLinkState();
  const today = useToday();
  const Icon = CONNECTION_ICONS[phase];
  const words =
    phase === "away" && awaySince !== null
      ? t(frameWords.awaySince)(format.when(awaySince, today))
      : t(connectionWords[phase]);
  return (
    <span
      className="state"
      role="status"
      data-testid="connection"
      data-state={phase}
      data-tone={phase === "away" ? "critical" : "calm"}
    >
      <Icon size={16} aria-hidden="true" />
      {words}
    </span>
  );
}

function Clock() {
  const { t, format } = useLanguage();
  const now = useNow();
  return (
    <time
      className="top-clock"
      role="timer"
      aria-label={t(frameWords.clock)}
      title={t(frameWords.clock)}
      dateTime={now === null ? undefined : new Date(now).toISOString()}
    >
      <span>{now === null ? "–" : format.date(now)}</span>
      <span className="top-clock-time">{now === null ? "–" : format.time(now)}</span>
    </time>
  );
}

const LANGUAGE_NAMES = { vi: frameWords.vietnamese, en: frameWords.english };

function LanguageSwitch() {
  const { t, language, choose } = useLanguage();
  return (
    <fieldset className="languages" aria-label={t(frameWords.language)}>
      {LANGUAGES.map((one) => (
        <button
          key={one}
          type="button"
          lang={one}
          aria-label={`${one.toUpperCase()}: ${t(LANGUAGE_NAMES[one])}`}
          aria-pressed={one === language}
          onClick={() => choose(one)}
        >
          {one.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}

function ThemeSwitch() {
  const { t } = useLanguage();
  const [theme, setTheme] = useState(chosenTheme);
  const other = theme === "dark" ? "light" : "dark";
  const Icon = theme === "dark" ? Sun : Moon;
  const label = t(theme === "dark" ? frameWords.toLight : frameWords.toDark);
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={label}
      title={label}
      onClick={() => {
        showTheme(other);
        setTheme(other);
      }}
    >
      <Icon size={18} aria-hidden="true" />
    </button>
  );
}
