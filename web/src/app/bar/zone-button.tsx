import { Button } from "@/components/ui/button";
import { useZone } from "@/shared/time/zone";

export function ZoneButton() {
  const { zone, toggle } = useZone();
  const word = zone === "utc" ? "UTC" : "Local";
  return (
    <Button
      variant="ghost"
      className="w-14 max-lg:hidden"
      aria-label={`Time zone: ${word}`}
      title="Time zone (z)"
      onClick={toggle}
    >
      {word}
    </Button>
  );
}
