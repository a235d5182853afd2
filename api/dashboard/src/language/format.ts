/** Dates, numbers and durations as people here write them: 24/11/2026 14:05, decimal comma. */

import type { Language } from "@/language/text";

export interface Format {
  /** 24/11/2026 */
  date(moment: number | string): string;
  /** 14:05:09 */
  time(moment: number | string): string;
  /** 24/11/2026 14:05 */
  dateTime(moment: number | string): string;
  /** The time alone where the day is `today` (as `date` writes it), otherwise the date too. */
  when(moment: number | string, today: string | null): string;
  number(value: number, digits?: number): string;
  percent(share: number): string;
  /** 2 phút 5 giây; the two largest units. */
  duration(seconds: number): string;
}

const LOCALES = { vi: "vi-VN", en: "en-GB" } as const;

const UNITS = {
  vi: { day: "ngày", hour: "giờ", minute: "phút", second: "giây" },
  en: { day: "d", hour: "h", minute: "min", second: "s" },
} as const;

type DateParts = Record<"day" | "month" | "year" | "hour" | "minute" | "second", string>;

function partsIn(timeZone: string): (moment: number | string) => DateParts | null {
  const options: Intl.DateTimeFormatOptions = {
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  };
  let formatter: Intl.DateTimeFormat;
  try {
    formatter = new Intl.DateTimeFormat("en-GB", { ...options, timeZone });
  } catch {
    // A zone that this browser does not know: UTC is at least the same for everyone.
    formatter = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" });
  }
  return (moment) => {
    const date = new Date(moment);
    if (Number.isNaN(date.getTime())) return null;
    return Object.fromEntries(
      formatter.formatToParts(date).map((part) => [part.type, part.value]),
    ) as DateParts;
  };
}

const UNKNOWN = "–";

export function formatIn(language: Language, timeZone: string): Format {
  const parts = partsIn(timeZone);
  const locale = LOCALES[language];
  const units = UNITS[language];
  const percents = new Intl.NumberFormat(locale, { style: "percent" });
  // Making a formatter costs far more than using one, and lists format hundreds of numbers a second.
  const byDigits = new Map<number, Intl.NumberFormat>();
  const numbers = (digits: number) => {
    const made =
      byDigits.get(digits) ??
      new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    byDigits.set(digits, made);
    return made;
  };

  const date = (moment: number | string) => {
    const p = parts(moment);
    return p ? `${p.day}/${p.month}/${p.year}` : UNKNOWN;
  };
  const time = (moment: number | string) => {
    const p = parts(moment);
    return p ? `${p.hour}:${p.minute}:${p.second}` : UNKNOWN;
  };
  const dateTime = (moment: number | string) => {
    const p = parts(moment);
    return p ? `${p.day}/${p.month}/${p.year} ${p.hour}:${p.minute}` : UNKNOWN;
  };

  return {
    date,
    time,
    dateTime,
    when: (moment, today) => (date(moment) === today ? time(moment) : dateTime(moment)),
    number: (value, digits = 0) => numbers(digits).format(value),
    percent: (share) => percents.format(share),
    duration: (seconds) => {
      const whole = Math.max(0, Math.round(seconds));
      const amounts = [
        [Math.floor(whole / 86_400), units.day],
        [Math.floor(whole / 3600) % 24, units.hour],
        [Math.floor(whole / 60) % 60, units.minute],
        [whole % 60, units.second],
      ] as const;
      const first = amounts.findIndex(([amount]) => amount > 0);
      if (first < 0) return `0 ${units.second}`;
      return amounts
        .slice(first, first + 2)
        .filter(([amount]) => amount > 0)
        .map(([amount, unit]) => `${amount} ${unit}`)
        .join(" ");
    },
  };
}
