import { markWritten, revive, stringify } from "@/shared/graphql/exact";

/** JSON with a line for each value, its numbers as they are; any other text as it is. */
export function pretty(text: string): string {
  try {
    return stringify(JSON.parse(markWritten(text), revive), 2);
  } catch {
    return text;
  }
}
