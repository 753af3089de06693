import { useState } from "react";
import { Input } from "@/components/ui/input";
import { plural } from "@/shared/figures/format";
import { useQuery } from "@/shared/graphql/use-query";
import { hasEnded } from "@/shared/status/status";
import { ActionDialog } from "@/shared/ui/action-dialog";
import { retireIt } from "./definition-acts";
import { type Definition, RunningOf } from "./documents";
import { registrationEffect } from "./effect";

interface Props {
  definition: Definition;
  onClose: () => void;
  onDone: () => void;
}

const NAMED = 5;

/** Takes a definition out of use: it says what runs, and what becomes of what starts later, and has the name typed. */
export function RetireDialog({ definition, onClose, onDone }: Props) {
  const { service, registration } = definition;
  const [typed, setTyped] = useState("");
  const { data } = useQuery(RunningOf, { service });
  const running = (data?.service?.instances ?? []).filter(({ status }) => !hasEnded(status));
  const names = running.slice(0, NAMED).map(({ instance }) => instance);
  const more = running.length - names.length;
  const act = {
    title: `Retire ${service}`,
    pending: "Recording…",
    danger: true,
    consequence: (
      <>
        <p>
          {running.length === 0
            ? "No instance of it runs."
            : `${plural(running.length, "instance")} of it run and go on: ${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`}{" "}
          {registrationEffect(registration)}
        </p>
        <p className="mt-2">Its history stays, and it can be reinstated.</p>
      </>
    ),
    run: (reason: string) => retireIt(definition, reason),
  };
  return (
    <ActionDialog act={act} onClose={onClose} onDone={onDone} ready={typed === service}>
      <div className="flex flex-col gap-1">
        <label htmlFor="retire-name" className="font-medium text-xs">
          Type the name of the service: {service}
        </label>
        <Input
          id="retire-name"
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
    </ActionDialog>
  );
}
