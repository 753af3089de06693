import type { ComponentType } from "react";

export type Load = () => Promise<{ default: ComponentType }>;

/** The instances are a part of the overview: asked for with it, they come no later. */
const overview: Load = () => {
  if (new URLSearchParams(window.location.search).get("view") === "instances")
    void import("@/features/overview/instances-view");
  return import("./routes/overview");
};

/** Each screen is a file of its own, fetched when somebody goes there. More exact paths stand before others. */
export const screens: Readonly<Record<string, Load>> = {
  "": overview,
  "services/:service": () => import("./routes/service"),
  "services/:service/instances/:instance": () => import("./routes/instance"),
  leadership: () => import("./routes/leadership"),
  "leadership/:service/:group": () => import("./routes/group"),
  events: () => import("./routes/events"),
  "events/:sequence": () => import("./routes/event"),
  definitions: () => import("./routes/definitions"),
  // No service is called so: names begin with a letter.
  "definitions/_new": () => import("./routes/definition-new"),
  "definitions/:service": () => import("./routes/definition"),
  "definitions/:service/edit": () => import("./routes/definition-edit"),
  "dead-letters": () => import("./routes/dead-letters"),
  "dead-letters/:sequence": () => import("./routes/dead-letter"),
  audit: () => import("./routes/audit"),
  system: () => import("./routes/system"),
  wall: () => import("./routes/wall"),
};

const parts = (path: string): string[] => path.split("/").filter((part) => part !== "");

/** What loads the screen at this path, counted from the base; null where there is none. */
export function screenAt(path: string): Load | null {
  const wanted = parts(path);
  const found = Object.entries(screens).find(([pattern]) => {
    const own = parts(pattern);
    return own.length === wanted.length && own.every((part, n) => part.startsWith(":") || part === wanted[n]);
  });
  return found?.[1] ?? null;
}
