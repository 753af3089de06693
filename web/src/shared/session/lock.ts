import { useMoment } from "@/shared/url/moment";
import { mayAs, type Role, roleWord, useSession } from "./store";

/** Why whoever is signed in may not do now what needs this role; null when they may. */
export function useLock(needed: Role): string | null {
  const viewer = useSession((s) => s.viewer);
  const moment = useMoment();
  if (moment !== null) return "You are viewing the past.";
  if (mayAs(viewer, needed)) return null;
  return `Needs ${roleWord[needed]}${viewer ? `, you are ${roleWord[viewer.role]}` : ""}.`;
}
