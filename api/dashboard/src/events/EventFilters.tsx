/** The choice of events: family, kind, camera, road user; and chips for what links have chosen. */

import { X } from "lucide-react";
import type { ReactNode } from "react";
import { type EventFilter, isFiltered, NO_FILTER } from "@/events/filter";
import { familyWords, filterWords, kindWords, labelWords } from "@/events/words";
import { useLanguage } from "@/language/provider";
import type { Text } from "@/language/text";
import { type Camera, FAMILIES, LABELS } from "@/server/contract";

interface Props {
  filter: EventFilter;
  cameras: readonly Camera[];
  /** The camera is given by the room, and not to be chosen. */
  cameraFixed?: boolean;
  onChange: (filter: EventFilter) => void;
}

export function EventFilters({ filter, cameras, cameraFixed = false, onChange }: Props) {
  const { t, format } = useLanguage();
  const change = (part: Partial<EventFilter>) => onChange({ ...filter, ...part });
  const families = filter.family === null ? FAMILIES : [filter.family];
  const kindIsKnown = FAMILIES.some((family) => filter.kind !== null && filter.kind in kindWords[family]);

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
        {FAMILIES.map((family) => (
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
        {families.map((family) => (
          <optgroup key={family} label={t(familyWords[family])}>
            {Object.entries(kindWords[family]).map(([kind, words]) => (
              <option key={kind} value={kind}>
                {t(words)}
              </option>
            ))}
          </optgroup>
        ))}
        {filter.kind !== null && !kindIsKnown && <option value={filter.kind}>{filter.kind}</option>}
      </Choice>
      {!cameraFixed && (
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
