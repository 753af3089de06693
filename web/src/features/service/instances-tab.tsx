import { useNavigate } from "react-router";
import { sortCodec } from "@/shared/instances/order";
import { InstanceList } from "@/shared/instances/table/instance-list";
import { Empty } from "@/shared/ui/states";
import { instancePath, useKeeping } from "@/shared/url/links";
import { useUrlState } from "@/shared/url/use-url-state";

const shape = { sort: sortCodec };

/** All instances of the service, in the order that the server keeps. */
export function InstancesTab({ service, total }: { service: string; total: number }) {
  const [{ sort }, set] = useUrlState(shape);
  const navigate = useNavigate();
  const keeping = useKeeping();
  return (
    <div className="rounded border border-border">
      <InstanceList
        filter={{ service }}
        sort={sort}
        onSort={(next) => set({ sort: next })}
        everything={total}
        peek=""
        withService={false}
        onPeek={(each) => void navigate(keeping(instancePath(each.service, each.instance)))}
        headClass="top-0"
        empty={<Empty title="No instance of it is in the registry." />}
      />
    </div>
  );
}
