import { Search } from "lucide-react";
import { Input } from "@/components/ui/input";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}

export function SearchField({ label, value, onChange, className }: Props) {
  return (
    <div className={className}>
      <div className="relative">
        <Search
          aria-hidden="true"
          className="pointer-events-none absolute top-1.5 left-2 size-3.5 text-muted-foreground"
        />
        <Input
          type="search"
          aria-label={label}
          placeholder={label}
          className="pl-7"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </div>
    </div>
  );
}
