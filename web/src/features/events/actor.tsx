import { Link } from "react-router";
import { InstanceLink } from "@/shared/ui/object-link";
import { useKeeping } from "@/shared/url/links";

/** Who caused an event, as a link to what there is of them. */
export function Actor({ actor }: { actor: string }) {
  const keeping = useKeeping();
  const instance = /^instance:([^/]+)\/(.+)$/.exec(actor);
  if (instance) {
    return (
      <span className="flex min-w-0 items-center gap-1">
        <span className="text-muted-foreground">instance</span>
        <InstanceLink service={instance[1] ?? ""} instance={instance[2] ?? ""} />
      </span>
    );
  }
  if (actor.startsWith("user:")) {
    return (
      <Link
        to={keeping(`/audit?actor=${encodeURIComponent(actor)}`)}
        className="break-all font-medium hover:underline"
      >
        {actor}
      </Link>
    );
  }
  return <span className="break-all">{actor}</span>;
}
