import { LeadershipScreen } from "@/features/leadership";

export default function LeadershipRoute() {
  return (
    <>
      <title>Leadership · Aegis</title>
      <LeadershipScreen />
    </>
  );
}
