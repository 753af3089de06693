import { Wallboard } from "@/features/wallboard";

export default function WallRoute() {
  return (
    <>
      <title>Wallboard · Aegis</title>
      <Wallboard />
    </>
  );
}
