import { flag, oneOf, someOf, text, type Values } from "@/shared/url/codec";
import { statuses } from "./status";

export const sortKeys = [
  "worst",
  "service",
  "instance",
  "version",
  "beat",
  "calls",
  "p99",
  "errors",
  "queue",
] as const;
export type SortKey = (typeof sortKeys)[number];

/** What of the dashboard stands in the address. */
export const dashboardShape = {
  q: text,
  status: someOf(statuses),
  service: text,
  sort: oneOf(sortKeys, "worst"),
  reverse: flag,
  flat: flag,
  leading: flag,
  undefined: flag,
  ownerless: flag,
};

export type DashboardView = Values<typeof dashboardShape>;
