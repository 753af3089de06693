import { cn } from "@/shared/lib/utils";
import { NONE } from "./format";

/** One figure of a table: muted when it is zero or not known; `past` when it is of one who is silent. */
export function Figure({ text, past = false }: { text: string; past?: boolean }) {
  const shown = past ? NONE : text;
  return <span className={cn((shown === NONE || shown === "0") && "text-muted-foreground")}>{shown}</span>;
}
