/** The chosen language, its words and its formats. Vietnamese unless the user chose otherwise. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { type Format, formatIn } from "@/language/format";
import type { Both, Language } from "@/language/text";
import { recall, remember } from "@/preferences";
import { useLinkState, useNow } from "@/server/provider";

/** Used until the server has told its own. */
const HOME_ZONE = "Asia/Ho_Chi_Minh";

interface LanguageValue {
  language: Language;
  choose: (language: Language) => void;
  t: <T>(pair: Both<T>) => T;
  format: Format;
}

const LanguageContext = createContext<LanguageValue | null>(null);

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => recall("language", ["vi", "en"]));
  const zone = useLinkState().site?.timezone ?? HOME_ZONE;

  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);

  const value = useMemo<LanguageValue>(
    () => ({
      language,
      choose: (chosen) => {
        remember("language", chosen);
        setLanguage(chosen);
      },
      t: (pair) => pair[language],
      format: formatIn(language, zone),
    }),
    [language, zone],
  );
  return <LanguageContext value={value}>{children}</LanguageContext>;
}

export function useLanguage(): LanguageValue {
  const value = useContext(LanguageContext);
  if (!value) throw new Error("useLanguage stands outside LanguageProvider");
  return value;
}

/** The date of today by the server's clock, as `format.date` writes it; null until the server has told it. */
export function useToday(): string | null {
  const now = useNow();
  const { format } = useLanguage();
  return now === null ? null : format.date(now);
}
