import { DefinitionsScreen } from "@/features/definitions";

export default function DefinitionsRoute() {
  return (
    <>
      <title>Definitions · Aegis</title>
      <DefinitionsScreen />
    </>
  );
}
