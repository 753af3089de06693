import { Bell as BellIcon } from "lucide-react";
import { Link } from "react-router";
import { Button } from "@/components/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { useAttentionItems } from "@/shared/attention/use-items";
import { useKeeping } from "@/shared/url/links";

/** What needs somebody, from wherever one is. */
export function Bell() {
  const items = useAttentionItems().filter((item) => item.severity !== "healed" && !item.acknowledged);
  const keeping = useKeeping();
  const label = items.length === 0 ? "Nothing needs anybody" : `${items.length} need somebody`;
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button variant="ghost" size="icon" aria-label={label} title={label} className="relative">
          <BellIcon aria-hidden="true" />
          {items.length > 0 && (
            <span
              aria-hidden="true"
              className="absolute top-0 right-0 rounded-full bg-bad-soft px-1 font-medium text-axis text-bad"
            >
              {items.length}
            </span>
          )}
        </Button>
      </PopoverTrigger>
      <PopoverContent align="end" aria-label="What needs somebody" className="w-96">
        {items.length === 0 && <p className="px-1 text-muted-foreground">Nothing needs anybody.</p>}
        <ul>
          {items.map((item) => (
            <li key={item.key}>
              <Link to={keeping(item.to)} className="block rounded-sm px-2 py-1 hover:bg-accent">
                <span className="font-medium">{item.subject}</span>{" "}
                <span className="text-muted-foreground">{item.text}</span>
              </Link>
            </li>
          ))}
        </ul>
      </PopoverContent>
    </Popover>
  );
}
