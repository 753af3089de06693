import { Button } from "@/components/ui/button";
import { stringify } from "@/shared/graphql/exact";
import { useQuery } from "@/shared/graphql/use-query";
import { useNotices } from "@/shared/ui/notice";
import { Panel } from "@/shared/ui/panel";
import { Empty, ErrorView, Loading } from "@/shared/ui/states";
import { InstanceRecord } from "./documents";

/** All that the registry has of it, as it stands. */
export function RecordTab({ service, instance }: { service: string; instance: string }) {
  const { data, error, again } = useQuery(InstanceRecord, { service, instance });
  const tell = useNotices((s) => s.tell);
  if (!data) return error ? <ErrorView error={error} onRetry={again} /> : <Loading what="the record" />;
  if (data.instance === null) return <Empty title="It is no longer in the registry." />;
  const text = stringify(data.instance, 2);
  return (
    <Panel
      title="Record"
      note={`as of seq ${String(data.instance.asOfSequence)}`}
      actions={
        <>
          <Button variant="ghost" className="h-6" onClick={again}>
            Read again
          </Button>
          <Button
            variant="ghost"
            className="h-6"
            onClick={() =>
              void navigator.clipboard?.writeText(text).then(() => tell("The record is copied."))
            }
          >
            Copy
          </Button>
        </>
      }
    >
      <pre tabIndex={0} className="overflow-auto font-mono text-xs">
        {text}
      </pre>
    </Panel>
  );
}
