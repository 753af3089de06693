import { ServiceLink } from "@/shared/ui/object-link";
import { dependenciesOf } from "./dependencies";
import { DependencyState } from "./dependency-state";
import type { ServiceOf } from "./documents";

/** The services that it calls, each with how it is. */
export function DependenciesList({ service }: { service: ServiceOf }) {
  const all = dependenciesOf(service);
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
