import { useParams } from "react-router";
import { GroupScreen } from "@/features/leadership";

export default function GroupRoute() {
  const { service = "", group = "" } = useParams();
  return (
    <>
      <title>{`${group} · Aegis`}</title>
      <GroupScreen key={`${service}/${group}`} service={service} group={group} />
    </>
  );
}
