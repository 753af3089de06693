import { TriangleAlert } from "lucide-react";
import { useQuery } from "@/shared/graphql/use-query";
import { useEvery } from "@/shared/live/use-every";
import { sentence } from "@/shared/ui/states";
import { TasksOfReplica } from "./documents";

const EVERY_MS = 5_000;
const NAME = "webhook";

/** What the replica could tell the webhook, and what it could not. */
export function WebhookRow() {
  const { data } = useQuery(TasksOfReplica, {}, useEvery(EVERY_MS));
  if (!data) return null;
  const task = data.system.tasks.find(({ name }) => name === NAME);
  if (task?.lastError) {
    return (
      <p data-testid="webhook" className="flex items-center gap-1 px-3 py-2 text-warn text-xs">
        <TriangleAlert aria-hidden="true" className="size-3 shrink-0" />
        The webhook is not told: {sentence(task.lastError)}
      </p>
    );
  }
  return (
    <p data-testid="webhook" className="px-3 py-2 text-muted-foreground text-xs">
      {task ? `Webhook: ${sentence(task.status ?? "nothing was told yet")}` : "No webhook is configured."}
    </p>
  );
}
