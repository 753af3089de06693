import { Bell as BellIcon } from "lucide-react";
import { lazy, Suspense } from "react";
import { Button } from "@/components/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { useAttentionItems } from "@/shared/attention/use-items";
import { useNotices } from "./use-notices";

const Notifications = lazy(() => import("./notifications"));

/** What needs somebody, from wherever one is. */
export function Bell() {
  const items = useAttentionItems();
  const open = items.filter((item) => item.severity !== "healed" && !item.acknowledged);
  const spoken = useNotices(items);
  const label = open.length === 0 ? "Nothing needs anybody" : `${open.length} need somebody`;
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button variant="ghost" size="icon" aria-label={label} title={label} className="relative">
          <BellIcon aria-hidden="true" />
          {open.length > 0 && (
            <span
              aria-hidden="true"
              className="absolute top-0 right-0 rounded-full bg-bad-soft px-1 font-medium text-axis text-bad"
            >
              {open.length}
            </span>
          )}
        </Button>
      </PopoverTrigger>
      <PopoverContent
        align="end"
        aria-label="Notifications"
        className="max-h-[80vh] w-[30rem] max-w-[95vw] p-0"
      >
        <Suspense fallback={<p className="p-3 text-muted-foreground">Loading…</p>}>
          <Notifications items={items} />
        </Suspense>
      </PopoverContent>
      <span aria-live="assertive" className="sr-only" data-testid="alarm">
        {spoken}
      </span>
    </Popover>
  );
}
