import { useId } from "react";
import { NativeSelect } from "@/components/ui/native-select";

interface Props {
  /** Those that can take the group, each with its load in words. */
  takers: readonly { instance: string; load: string }[];
  /** Empty for whoever is first. */
  value: string;
  onChange: (instance: string) => void;
}

/** Who is to have a group. */
export function NewOwnerField({ takers, value, onChange }: Props) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium text-xs">
        New owner
      </label>
      <NativeSelect id={id} value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">Whoever is first</option>
        {takers.map(({ instance, load }) => (
          <option key={instance} value={instance}>
            {instance}, {load}
          </option>
        ))}
      </NativeSelect>
    </div>
  );
}
