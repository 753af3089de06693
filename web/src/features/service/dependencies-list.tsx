import { useQuery } from "@/shared/graphql/use-query";
import { ServiceLink } from "@/shared/ui/object-link";
import { Loading, Problem } from "@/shared/ui/states";
import { dependenciesOf } from "./dependencies";
import { DependencyState } from "./dependency-state";
import { ServiceCalls } from "./documents";

const EVERY_MS = 15_000;

/** The services that it calls, each with how it is. */
export function DependenciesList({ service }: { service: string }) {
  const { data, error, again } = useQuery(ServiceCalls, { service }, { every: EVERY_MS });
  if (!data)
    return error ? <Problem error={error} onRetry={again} /> : <Loading what="what it calls" rows={2} />;
  const all = dependenciesOf(data.instances.nodes);
  if (all.length === 0) {
    return (
      <p className="p-3 text-muted-foreground">It has called no other service since its instances started.</p>
    );
  }
  return (
    <ul>
      {all.map(({ service: name }) => (
        <li
          key={name}
          className="flex min-h-7 items-center gap-2 border-border border-b px-3 last:border-b-0"
        >
          <ServiceLink service={name} />
          <span className="ml-auto">
            <DependencyState service={name} />
          </span>
        </li>
      ))}
    </ul>
  );
}
