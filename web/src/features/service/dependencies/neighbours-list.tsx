import { ServiceLink } from "@/shared/ui/object-link";
import { Loading, Problem } from "@/shared/ui/states";
import { NeighbourState } from "./neighbour-state";
import type { Neighbour } from "./neighbours";
import { useNeighbours } from "./use-neighbours";

/** The services on both sides in short, each with what is wrong there. */
export function NeighboursList({ service }: { service: string }) {
  const { near, error } = useNeighbours(service);
  if (!near) return error ? <Problem error={error} /> : <Loading what="its dependencies" rows={2} />;
  return (
    <>
      <Side title="Calls" all={near.calls} none="It has called no other service." />
      <Side title="Called by" all={near.usedBy} none="No other service has called it." />
    </>
  );
}

function Side({ title, all, none }: { title: string; all: readonly Neighbour[]; none: string }) {
  return (
    <section aria-label={title} className="border-border border-b last:border-b-0">
      <h3 className="bg-muted px-3 py-1 font-medium text-muted-foreground text-xs">{title}</h3>
      {all.length === 0 && <p className="px-3 py-1 text-muted-foreground">{none}</p>}
      <ul>
        {all.map((each) => (
          <li key={each.name} className="px-3 py-1">
            <span className="flex items-center gap-2">
              <ServiceLink service={each.name} />
              <span className="ml-auto">
                <NeighbourState of={each} />
              </span>
            </span>
            {each.needs && <p className="text-muted-foreground">{each.cause}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
