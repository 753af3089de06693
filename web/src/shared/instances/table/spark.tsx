import { useEffect } from "react";
import { usePaused } from "@/shared/live/pause";
import { useSparks, wantSpark } from "@/shared/metrics/sparks";
import { useNowIn } from "@/shared/time/clock";
import { Sparkline } from "@/shared/ui/sparkline";

/** How long a row has to be in sight before its line is asked for. */
const REST_MS = 200;
const AGAIN_MS = 30_000;

/** Calls a second over the last 15 minutes, on one scale for all instances of the service that are in sight. */
export function Spark({ service, instance }: { service: string; instance: string | null }) {
  const line = useSparks((s) => s.lines.get(`${service}/${instance ?? ""}`));
  const most = useSparks((s) => s.tops.get(instance === null ? `${service}/` : service) ?? 0);
  const paused = usePaused();
  const turn = useNowIn(AGAIN_MS);
  useEffect(() => {
    if (paused) return;
    let drop = (): unknown => undefined;
    const timer = setTimeout(() => {
      drop = wantSpark({ service, instance });
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      drop();
    };
  }, [service, instance, paused, turn]);
  return <Sparkline values={line?.values ?? []} most={most} />;
}
