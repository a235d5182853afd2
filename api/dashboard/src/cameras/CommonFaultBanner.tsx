/** The alarm above all rooms when many cameras were lost together. */

import { Unplug } from "lucide-react";
import { Link } from "wouter";
import { causeOf } from "@/cameras/cause";
import { useCommonFault } from "@/cameras/commonFault";
import { cameraWords, faultWords } from "@/cameras/words";
import { useNarrow } from "@/frame/useNarrow";
import { useLanguage, useToday } from "@/language/provider";
import type { CommonFault } from "@/server/contract";
import { useCameraCards, useNow } from "@/server/provider";

/** So many names are read at a glance; more have to be asked for. */
const AT_A_GLANCE = 12;

export function CommonFaultBanner() {
  const fault = useCommonFault();
  return fault && <Banner fault={fault} />;
}

function Banner({ fault }: { fault: CommonFault }) {
  const { t, format } = useLanguage();
  const cards = useCameraCards();
  const today = useToday();
  const open = !useNarrow() && fault.cameras.length <= AT_A_GLANCE;
  const [away, all] = [format.number(fault.cameras.length), format.number(fault.watched)];
  return (
    <section className="fault" aria-label={t(faultWords.title)} data-testid="common-fault">
      <Unplug className="fault-icon" size={22} aria-hidden="true" />
      <div className="fault-words">
        <p className="fault-title">
          <span role="alert">{t(faultWords.lost)(away, all, format.when(fault.since, today))}</span>{" "}
          <Lasting since={fault.since} />
        </p>
        <p>{t(faultWords.look)}</p>
        <p>{t(faultWords.first)(t(causeOf({ state: "lost", reason: fault.reason })))}</p>
      </div>
      <details className="fault-cameras" open={open}>
        <summary>{t(faultWords.cameras)(away)}</summary>
        <ul>
          {fault.cameras.map((id) => (
            <li key={id}>
              <Link href={`/live/${encodeURIComponent(id)}`} title={id}>
                {cards?.[id]?.name ?? id}
              </Link>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

/** Of its own, so that what is read out by a screen reader does not change every second. */
function Lasting({ since }: { since: string }) {
  const { t, format } = useLanguage();
  const now = useNow();
  if (now === null) return null;
  return <span>({t(cameraWords.lasting)(format.duration((now - Date.parse(since)) / 1000))})</span>;
}
