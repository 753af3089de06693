import { TriangleAlert } from "lucide-react";
import { cn } from "@/shared/lib/utils";
import { NONE } from "./format";

interface Props {
  text: string;
  /** Of one who is silent: what it did last is no news. */
  past?: boolean;
  /** What is wrong with it, where it is beyond a limit that its definition sets. */
  over?: string | null;
}

/** One figure of a table: muted when it is zero or not known, marked when it is beyond its limit. */
export function Figure({ text, past = false, over = null }: Props) {
  const shown = past ? NONE : text;
  if (over !== null && shown !== NONE) {
    return (
      <span className="inline-flex items-center gap-0.5 font-medium text-warn" data-over title={over}>
        <TriangleAlert aria-hidden="true" className="size-3 shrink-0" />
        {shown}
        <span className="sr-only">, {over}</span>
      </span>
    );
  }
  return <span className={cn((shown === NONE || shown === "0") && "text-muted-foreground")}>{shown}</span>;
}
