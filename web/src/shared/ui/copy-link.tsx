import { Check, Link2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from "@/components/ui/dropdown-menu";
import { serverNow } from "@/shared/time/clock";
import { defaultRange, windowOf } from "@/shared/time/range";
import { useNotices } from "./notice";

/** Copies the address as it is: times move on. */
export function copyAddress(): void {
  void navigator.clipboard
    ?.writeText(window.location.href)
    .then(() => useNotices.getState().tell("The link is copied."));
}

/** The address holds the whole view: as it moves with time, or with the times that it has now. */
export function CopyLink() {
  const [copied, setCopied] = useState(false);
  const [params] = useSearchParams();
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (fixed: boolean): void => {
    const url = new URL(window.location.href);
    if (fixed) {
      const range = {
        from: params.get("from") ?? defaultRange.from,
        to: params.get("to") ?? defaultRange.to,
      };
      const { from, to } = windowOf(range, serverNow());
      url.searchParams.set("from", new Date(from).toISOString());
      url.searchParams.set("to", new Date(to).toISOString());
    }
    void navigator.clipboard?.writeText(url.href).then(() => setCopied(true));
  };
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="icon"
          aria-label={copied ? "Link copied" : "Copy link"}
          title="Copy link"
        >
          {copied ? <Check aria-hidden="true" /> : <Link2 aria-hidden="true" />}
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent>
        <DropdownMenuItem onSelect={() => copy(false)}>As now: times move on</DropdownMenuItem>
        <DropdownMenuItem onSelect={() => copy(true)}>Fixed times</DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  );
}
