import { Button } from "@/components/ui/button";
import { useSession } from "@/shared/session/store";
import { Denied } from "@/shared/ui/states";
import { useGoTo } from "@/shared/url/moment";

/** In place of the page, for whoever may not look at the past. */
export function PastDenied() {
  const viewer = useSession((s) => s.viewer);
  const goTo = useGoTo();
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-2">
      <div>
        <Denied needs="AUDITOR" is={viewer?.role ?? null} />
      </div>
      <p>This address is of a moment of the past.</p>
      <Button onClick={() => goTo(null)}>Back to live</Button>
    </div>
  );
}
