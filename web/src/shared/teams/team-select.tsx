import { useId } from "react";
import { NativeSelect } from "@/components/ui/native-select";
import { useTeams } from "./use-teams";

interface Props {
  /** Empty for all. */
  team: string;
  onChoose: (team: string) => void;
  className?: string;
  /** Whether its name stands above it, as in a form. */
  labelled?: boolean;
}

/** Chooses whose services are shown. Nothing stands there while no definition names a team. */
export function TeamSelect({ team, onChoose, className, labelled = false }: Props) {
  const id = useId();
  const teams = useTeams();
  if (teams.length === 0 && team === "") return null;
  const known = teams.includes(team) || team === "" ? teams : [team, ...teams];
  const select = (
    <NativeSelect
      id={id}
      {...(className !== undefined && { className })}
      {...(!labelled && { "aria-label": "Team" })}
      value={team}
      onChange={(event) => onChoose(event.target.value)}
    >
      <option value="">All teams</option>
      {known.map((each) => (
        <option key={each}>{each}</option>
      ))}
    </NativeSelect>
  );
  if (!labelled) return select;
  return (
    <div className="flex flex-col gap-0.5">
      <label htmlFor={id} className="font-medium text-xs">
        Team
      </label>
      {select}
    </div>
  );
}
