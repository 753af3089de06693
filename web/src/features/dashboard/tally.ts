import type { Instance, Leader } from "./documents";
import { down, transitional } from "./status";

export interface Tally {
  services: number;
  instances: number;
  running: number;
  moving: number;
  unhealthy: number;
  down: number;
  undefined: number;
  led: number;
  /** Null until the leaders have been asked for, and while there are too many of them. */
  ownerless: number | null;
}

export function tally(instances: readonly Instance[], leaders: readonly Leader[] | null): Tally {
  const count = (test: (i: Instance) => boolean): number => instances.filter(test).length;
  const led = new Set(instances.flatMap((i) => i.groups.map((g) => `${i.service}/${g.group}`)));
  return {
    services: new Set(instances.map((i) => i.service)).size,
    instances: instances.length,
    running: count((i) => i.status === "RUNNING"),
    moving: count((i) => transitional.includes(i.status)),
    unhealthy: count((i) => i.status === "UNHEALTHY"),
    down: count((i) => down.includes(i.status)),
    undefined: count((i) => !i.defined),
    led: led.size,
    // The registry is live and the leaders are asked for: a group just claimed counts as led at once.
    ownerless: leaders ? leaders.filter((l) => l.instance === null && !led.has(l.id)).length : null,
  };
}
