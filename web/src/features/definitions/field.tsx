import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

interface Props {
  id: string;
  label: string;
  /** What the field takes, in words. */
  rule: string;
  /** What is wrong with what stands in it, as a sentence; it takes the place of the rule. */
  breach: string | undefined;
  children: ReactNode;
}

/** A field with its label above and its rule below; both are told to assistive technology. */
export function Field({ id, label, rule, breach, children }: Props) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium text-xs">
        {label}
      </label>
      {children}
      <Rule id={id} rule={rule} breach={breach} />
    </div>
  );
}

/** The line below a field. */
export function Rule({ id, rule, breach }: Pick<Props, "id" | "rule" | "breach">) {
  if (breach === undefined) {
    return (
      <p id={`${id}-rule`} className="text-muted-foreground text-xs">
        {rule}
      </p>
    );
  }
  return (
    <p id={`${id}-rule`} className="flex items-start gap-1 text-bad text-xs">
      <CircleAlert aria-hidden="true" className="mt-0.5 size-3 shrink-0" />
      <span>{breach}</span>
    </p>
  );
}

/** What ties a control to its rule. */
export const told = (id: string, breach: string | undefined) => ({
  id,
  "aria-describedby": `${id}-rule`,
  "aria-invalid": breach !== undefined,
});
