/** The choice of events: family, kind, camera, road user; and chips for what links have chosen. */

import { X } from "lucide-react";
import type { ReactNode } from "react";
import { kindWord } from "@/events/facts";
import { type EventFilter, isFiltered, NO_FILTER } from "@/events/filter";
import { familyOf, kindsThereAre } from "@/events/kinds";
import { familyWords, filterWords, labelWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import type { Text } from "@/language/text";
import { type Camera, FAMILIES, LABELS } from "@/server/contract";
import { useEventKinds } from "@/server/provider";

interface Props {
  filter: EventFilter;
  cameras: readonly Camera[];
  /** The camera that is given by the room, and not to be chosen. */
  fixedCamera?: string | undefined;
  onChange: (filter: EventFilter) => void;
}

export function EventFilters({ filter, cameras, fixedCamera, onChange }: Props) {
  const { t, format } = useLanguage();
  const change = (part: Partial<EventFilter>) => onChange({ ...filter, ...part });
  const thereAre = kindsThereAre(useEventKinds().data ?? [], cameras, fixedCamera ?? filter.camera);
  const families = FAMILIES.filter(
    (family) => family === filter.family || thereAre.some((group) => group.family === family),
  );
  const groups = thereAre.filter(({ family }) => filter.family === null || filter.family === family);
  const isListed = groups.some(({ kinds }) => filter.kind !== null && kinds.includes(filter.kind));

  return (
    <search className="filters" aria-label={t(filterWords.title)}>
      <Choice
        name={filterWords.family}
        all={filterWords.allFamilies}
        value={filter.family}
        onChange={(value) =>
          change({ family: FAMILIES.find((family) => family === value) ?? null, kind: null, open: false })
        }
      >
        {families.map((family) => (
          <option key={family} value={family}>
            {t(familyWords[family])}
          </option>
        ))}
      </Choice>
      <Choice
        name={filterWords.kind}
        all={filterWords.allKinds}
        value={filter.kind}
        onChange={(kind) => change({ kind })}
      >
        {groups.map(({ family, kinds }) => (
          <optgroup key={family} label={t(familyWords[family])}>
            {kinds.map((kind) => (
              <option key={kind} value={kind}>
                {kindWord({ family, kind }, { t })}
              </option>
            ))}
          </optgroup>
        ))}
        {filter.kind !== null && !isListed && (
          <option value={filter.kind}>
            {kindWord({ family: familyOf(filter.kind), kind: filter.kind }, { t })}
          </option>
        )}
      </Choice>
      {fixedCamera === undefined && (
        <Choice
          name={filterWords.camera}
          all={filterWords.allCameras}
          value={filter.camera}
          onChange={(camera) => change({ camera })}
        >
          {cameras.map((camera) => (
            <option key={camera.id} value={camera.id}>
              {camera.name}
            </option>
          ))}
        </Choice>
      )}
      <Choice
        name={filterWords.label}
        all={filterWords.allLabels}
        value={filter.label}
        onChange={(value) => change({ label: LABELS.find((label) => label === value) ?? null })}
      >
        {LABELS.map((label) => (
          <option key={label} value={label}>
            {t(labelWords[label])}
          </option>
        ))}
      </Choice>
      {filter.open && <Chip words={t(filterWords.openOnly)} onRemove={() => change({ open: false })} />}
      {filter.before !== null && (
        <Chip
          words={t(filterWords.before)(format.dateTime(filter.before))}
          onRemove={() => change({ before: null })}
        />
      )}
      {isFiltered(filter) && (
        <button type="button" className="quiet" onClick={() => onChange(NO_FILTER)}>
          {t(filterWords.clear)}
        </button>
      )}
    </search>
  );
}

interface ChoiceProps {
  name: Text;
  all: Text;
  value: string | null;
  onChange: (value: string | null) => void;
  children: ReactNode;
}

function Choice({ name, all, value, onChange, children }: ChoiceProps) {
  const { t } = useLanguage();
  return (
    <select
      aria-label={t(name)}
      value={value ?? ""}
      data-set={value === null ? undefined : ""}
      onChange={(change) => onChange(change.target.value || null)}
    >
      <option value="">{t(all)}</option>
      {children}
    </select>
  );
}

function Chip({ words, onRemove }: { words: string; onRemove: () => void }) {
  const { t } = useLanguage();
  return (
    <button type="button" className="chip" onClick={onRemove} aria-label={t(filterWords.remove)(words)}>
      {words}
      <X size={14} aria-hidden="true" />
    </button>
  );
}
