import { BookMarked, Box, Crown, type LucideIcon, ScrollText, Server } from "lucide-react";
import { memo, type ReactNode } from "react";
import { Link } from "react-router";
import { cn } from "@/shared/lib/utils";
import {
  definitionPath,
  eventPath,
  groupPath,
  instancePath,
  servicePath,
  useKeeping,
} from "@/shared/url/links";

interface Props {
  to: string;
  icon?: LucideIcon;
  className?: string | undefined;
  title?: string | undefined;
  children: ReactNode;
}

/** A name of an object: it looks the same and leads to the same page wherever it stands. */
function ObjectLink({ to, icon: Icon, className, title, children }: Props) {
  const keeping = useKeeping();
  return (
    <Link
      to={keeping(to)}
      title={title}
      className={cn("inline-flex min-w-0 max-w-60 items-center gap-1 font-medium hover:underline", className)}
    >
      {Icon && <Icon aria-hidden="true" className="size-3 shrink-0 text-muted-foreground" />}
      <Middle>{children}</Middle>
    </Link>
  );
}

/** A name that is too long loses its middle: beginnings and endings tell names apart. */
function Middle({ children }: { children: ReactNode }) {
  if (typeof children !== "string" || children.length < 24)
    return <span className="truncate">{children}</span>;
  const tail = 8;
  return (
    <span className="flex min-w-0" title={children}>
      <span className="truncate">{children.slice(0, -tail)}</span>
      <span className="shrink-0">{children.slice(-tail)}</span>
    </span>
  );
}

interface Plain {
  className?: string;
  icon?: boolean;
}

export const ServiceLink = memo(function ServiceLink({
  service,
  icon = false,
  className,
}: Plain & { service: string }) {
  return (
    <ObjectLink to={servicePath(service)} {...(icon && { icon: Box })} className={className}>
      {service}
    </ObjectLink>
  );
});

export const InstanceLink = memo(function InstanceLink({
  service,
  instance,
  icon = false,
  className,
}: Plain & { service: string; instance: string }) {
  return (
    <ObjectLink to={instancePath(service, instance)} {...(icon && { icon: Server })} className={className}>
      {instance}
    </ObjectLink>
  );
});

export const GroupLink = memo(function GroupLink({
  service,
  group,
  icon = false,
  className,
}: Plain & { service: string; group: string }) {
  return (
    <ObjectLink to={groupPath(service, group)} {...(icon && { icon: Crown })} className={className}>
      {group}
    </ObjectLink>
  );
});

export function DefinitionLink({ service, icon = false, className }: Plain & { service: string }) {
  return (
    <ObjectLink to={definitionPath(service)} {...(icon && { icon: BookMarked })} className={className}>
      {service}
    </ObjectLink>
  );
}

export function EventLink({ sequence, icon = false, className }: Plain & { sequence: number | bigint }) {
  return (
    <ObjectLink
      to={eventPath(sequence)}
      {...(icon && { icon: ScrollText })}
      className={cn("font-mono font-normal text-xs", className)}
    >
      {`seq ${sequence}`}
    </ObjectLink>
  );
}
