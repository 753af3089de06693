import { ChevronDown } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { count } from "@/shared/figures/format";
import { cn } from "@/shared/lib/utils";
import { looks } from "@/shared/status/look";
import { type InstanceStatus, statuses, words } from "@/shared/status/status";

interface Props {
  chosen: readonly InstanceStatus[];
  counts: ReadonlyMap<InstanceStatus, number>;
  onChoose: (chosen: readonly InstanceStatus[]) => void;
}

export function StateMenu({ chosen, counts, onChoose }: Props) {
  const flip = (status: InstanceStatus): void =>
    onChoose(chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status]);
  return (
    <Popover>
      <PopoverTrigger asChild>
        <Button variant="outline" className="font-normal" aria-label="Filter by state">
          State <ChevronDown aria-hidden="true" />
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label="State" className="w-52 p-1">
        {statuses.map((status) => {
          const { icon: Icon, tone } = looks[status];
          return (
            <label
              key={status}
              className="flex h-7 cursor-pointer items-center gap-2 rounded-sm px-2 hover:bg-accent"
            >
              <input type="checkbox" checked={chosen.includes(status)} onChange={() => flip(status)} />
              <Icon aria-hidden="true" className={cn("size-3", tone)} />
              {words[status]}
              <span className="ml-auto text-muted-foreground">{count(counts.get(status) ?? 0)}</span>
            </label>
          );
        })}
      </PopoverContent>
    </Popover>
  );
}
