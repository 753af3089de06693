import { Crown, UserX } from "lucide-react";
import { memo, useMemo } from "react";
import { useAttention } from "@/shared/attention/store";
import { useHeld } from "@/shared/live/use-held";
import { useReplay } from "@/shared/replay/store";
import { Age } from "@/shared/time/age";
import { useNow } from "@/shared/time/clock";
import { GroupLink, InstanceLink } from "@/shared/ui/object-link";
import { changedGroups } from "./changed-groups";
import { useShownEvents } from "./use-shown-events";

const SHOWN = 12;
const MINUTE_MS = 60_000;

/** Groups without owner, and those whose owner changed within ten minutes. */
export const GroupsPanel = memo(function GroupsPanel() {
  const events = useShownEvents();
  const ownerless = useAttention((s) => s.ownerless.groups);
  const replayed = useReplay((s) => s.time);
  const present = useNow();
  const past = replayed !== null;
  const minute = Math.floor((replayed ?? present) / MINUTE_MS) * MINUTE_MS;
  const newest = useMemo(() => {
    // Who has no owner now says nothing of the past.
    const without = (past ? [] : ownerless).map(({ service, group, term, since }) => ({
      service,
      group,
      owner: null,
      term,
      at: since,
    }));
    const open = new Set(ownerless.map(({ id }) => id));
    const changed = changedGroups(events ?? [], minute).filter(
      ({ service, group, owner }) => owner !== null && !open.has(`${service}/${group}`),
    );
    return [...without, ...changed];
  }, [events, ownerless, minute, past]);
  const lines = useHeld(newest);
  return (
    <section aria-label="Groups" className="border-border border-b">
      <header className="flex h-8 items-center gap-2 border-border border-b px-3">
        <h2 className="font-semibold text-panel">Groups changed</h2>
        <span className="text-muted-foreground text-xs">in ten minutes</span>
      </header>
      {lines.length === 0 && <p className="px-3 py-2 text-muted-foreground">No group changed its owner.</p>}
      <ul>
        {lines.slice(0, SHOWN).map(({ service, group, owner, term, at }) => (
          <li
            key={`${service}/${group}`}
            data-testid="group-line"
            data-group={`${service}/${group}`}
            data-owner={owner ?? ""}
            data-term={String(term)}
            className="grid h-7 grid-cols-[minmax(0,5fr)_minmax(0,9fr)_2.5rem] items-center gap-2 px-3"
          >
            <span className="flex min-w-0 items-center gap-1">
              <GroupLink service={service} group={group} />
              {term !== null && (
                <span className="shrink-0 text-muted-foreground text-xs" title="Term">
                  {String(term)}
                </span>
              )}
            </span>
            {owner === null ? (
              <span className="flex items-center gap-1 font-medium text-bad">
                <UserX aria-hidden="true" className="size-3 shrink-0" /> no owner
              </span>
            ) : (
              <span className="flex min-w-0 items-center gap-1 text-lead">
                <Crown aria-hidden="true" className="size-3 shrink-0" />
                <InstanceLink service={service} instance={owner} className="font-normal" />
              </span>
            )}
            <span className="text-right text-muted-foreground text-xs">
              <Age since={at} short />
            </span>
          </li>
        ))}
        {lines.length > SHOWN && (
          <li className="px-3 pb-1 text-muted-foreground">and {lines.length - SHOWN} more</li>
        )}
      </ul>
    </section>
  );
});
