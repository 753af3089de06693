import { Panel } from "@/shared/ui/panel";
import { DefinitionFacts } from "./definition-facts";
import type { ServiceOf } from "./documents";

export function DefinitionTab({ service }: { service: ServiceOf }) {
  return (
    <Panel title="Definition" className="max-w-3xl">
      <DefinitionFacts service={service} />
    </Panel>
  );
}
