import { oneOf, text, type Values } from "@/shared/url/codec";

export const leadershipShape = {
  q: text,
  service: text,
  preset: oneOf(["all", "ownerless", "changed", "flapping"], "all"),
};

export type LeadershipView = Values<typeof leadershipShape>;

export const presets: { key: LeadershipView["preset"]; label: string }[] = [
  { key: "all", label: "All" },
  { key: "ownerless", label: "No owner" },
  { key: "changed", label: "Changed last hour" },
  { key: "flapping", label: "Flapping" },
];
