import { at } from "@/shared/url/base";

export function liveUrl(location: Pick<Location, "protocol" | "host">): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${at("graphql/ws")}`;
}
