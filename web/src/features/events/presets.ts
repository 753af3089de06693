import type { SavedView } from "@/shared/saved-views/store";

const type = (...names: string[]): string =>
  names.map((name) => `type=${encodeURIComponent(`aegis.${name}.v1`)}`).join("&");

/** Views that everybody has. */
export const presets: readonly SavedView[] = [
  { name: "Everything", search: "" },
  { name: "Failovers", search: type("leadership.leader_lost", "leadership.leader_elected") },
  {
    name: "Health of instances",
    search: type(
      "instance.unhealthy",
      "instance.recovered",
      "instance.expired",
      "installation.self_preservation_entered",
      "installation.self_preservation_left",
    ),
  },
  {
    name: "Maintenance and switchovers",
    search: type(
      "installation.maintenance_begun",
      "installation.maintenance_ended",
      "installation.switchover_scheduled",
      "installation.switchover_cancelled",
      "installation.switchover_begun",
      "installation.switchover_ended",
    ),
  },
  {
    name: "Done by people",
    search: type(
      "definition.defined",
      "definition.amended",
      "definition.retired",
      "definition.reinstated",
      "instance.drain_requested",
      "instance.forgotten",
      "leadership.step_down_requested",
      "installation.maintenance_begun",
      "installation.maintenance_ended",
      "installation.switchover_scheduled",
      "installation.switchover_cancelled",
      "installation.dead_letter_redriven",
      "installation.dead_letter_discarded",
      "installation.consumer_deleted",
    ),
  },
  { name: "Configuration", search: type("instance.configuration_reported") },
];
