import type { SavedView } from "@/shared/saved-views/store";

/** Views that everybody has. */
export const presets: readonly SavedView[] = [
  { name: "All services", search: "" },
  { name: "All instances", search: "view=instances" },
  {
    name: "Instances that need somebody",
    search: "view=instances&status=FAILED%2CEXPIRED%2CUNHEALTHY%2CUNKNOWN",
  },
  { name: "Slowest instances", search: "view=instances&sort=-p99" },
  { name: "Instances by errors", search: "view=instances&sort=-errors" },
];
