import type { System } from "@/shared/system/documents";

export type Maintenance = System["maintenances"][number];
export type Switchover = System["switchovers"][number];

/** What a page is about: all, a service, or one of its groups. */
export interface About {
  service: string | null;
  group: string | null;
}

export interface Plans {
  maintenances: readonly Maintenance[];
  switchovers: readonly Switchover[];
}

/** What is planned of all this, the soonest first: what has ended by itself meanwhile is left out. */
export function plansOf({ maintenances, switchovers }: Plans, about: About, now: number): Plans {
  const concerns = ({ service, group }: { service: string; group: string | null }): boolean =>
    (about.service === null || service === about.service) &&
    (about.group === null || group === null || group === about.group);
  return {
    maintenances: maintenances
      .filter((each) => concerns(each) && Date.parse(each.until) > now)
      .sort((a, b) => Date.parse(a.until) - Date.parse(b.until)),
    switchovers: switchovers.filter(concerns).sort((a, b) => Date.parse(a.at) - Date.parse(b.at)),
  };
}
