import { plural } from "@/shared/figures/format";
import { MaintenanceLine, SwitchoverLine } from "./plan-line";
import type { About } from "./plans";
import { usePlans } from "./use-plans";

/** So many lines at most: the others stand on the pages of their services. */
const SHOWN = 3;

/** What is planned of what the page is about: maintenances that go on, and switchovers to come. */
export function PlansStrip({ service, group }: About) {
  const { maintenances, switchovers } = usePlans({ service, group });
  const room = Math.max(0, SHOWN - maintenances.length);
  const more = maintenances.length + switchovers.length - SHOWN;
  if (maintenances.length + switchovers.length === 0) return null;
  return (
    <ul aria-label="Planned" className="mb-2 shrink-0 border-border border-y">
      {maintenances.slice(0, SHOWN).map((each) => (
        <MaintenanceLine key={`${each.service}/${each.group ?? ""}`} of={each} />
      ))}
      {switchovers.slice(0, room).map((each) => (
        <SwitchoverLine key={`${each.service}/${each.group}`} of={each} />
      ))}
      {more > 0 && (
        <li className="px-4 py-1 text-muted-foreground max-xl:px-3">and {plural(more, "more", "more")}</li>
      )}
    </ul>
  );
}
