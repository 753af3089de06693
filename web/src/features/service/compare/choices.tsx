import { useId } from "react";
import { NativeSelect } from "@/components/ui/native-select";
import { Toggle } from "@/components/ui/toggle";
import type { SetUrl } from "@/shared/url/use-url-state";
import { type Choice, type compareShape, windowsBefore } from "./choice";

const kinds: { key: Choice["compare"]; label: string }[] = [
  { key: "windows", label: "Two windows" },
  { key: "instances", label: "Two instances" },
  { key: "versions", label: "Two versions" },
];

interface Props {
  choice: Choice;
  /** What there is to choose from, but for windows. */
  names: readonly string[];
  pair: readonly [string, string] | null;
  set: SetUrl<typeof compareShape>;
}

/** What is compared with what. */
export function Choices({ choice, names, pair, set }: Props) {
  const id = useId();
  return (
    <div className="flex flex-wrap items-center gap-2 px-3 py-2">
      <fieldset className="flex gap-1">
        <legend className="sr-only">Compare</legend>
        {kinds.map(({ key, label }) => (
          <Toggle
            key={key}
            pressed={choice.compare === key}
            onClick={() => set({ compare: key, a: "", b: "" })}
          >
            {label}
          </Toggle>
        ))}
      </fieldset>
      {choice.compare === "windows" ? (
        <>
          <label htmlFor={id} className="text-muted-foreground">
            the time shown, with
          </label>
          <NativeSelect
            id={id}
            className="w-44"
            value={choice.b}
            onChange={(e) => set({ b: e.target.value })}
          >
            {windowsBefore.map(({ key, label }) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </NativeSelect>
        </>
      ) : (
        pair && (
          <>
            <NativeSelect
              aria-label="First"
              className="w-52"
              value={pair[0]}
              onChange={(e) => set({ a: e.target.value, b: pair[1] })}
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </NativeSelect>
            <span className="text-muted-foreground">with</span>
            <NativeSelect
              aria-label="Second"
              className="w-52"
              value={pair[1]}
              onChange={(e) => set({ a: pair[0], b: e.target.value })}
            >
              {names
                .filter((name) => name !== pair[0])
                .map((name) => (
                  <option key={name}>{name}</option>
                ))}
            </NativeSelect>
          </>
        )
      )}
    </div>
  );
}
