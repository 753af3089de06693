import { LettersScreen } from "@/features/dead-letters";

export default function DeadLettersRoute() {
  return (
    <>
      <title>Dead letters · Aegis</title>
      <LettersScreen />
    </>
  );
}
