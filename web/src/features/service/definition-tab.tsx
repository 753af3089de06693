import { Panel } from "@/shared/ui/panel";
import { DefinitionFacts } from "./definition-facts";
import type { Seen } from "./use-service";

export function DefinitionTab({ seen }: { seen: Seen }) {
  return (
    <Panel title="Definition" className="max-w-3xl">
      <DefinitionFacts seen={seen} />
    </Panel>
  );
}
