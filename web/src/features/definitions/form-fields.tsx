import { Input } from "@/components/ui/input";
import { NativeSelect } from "@/components/ui/native-select";
import { Textarea } from "@/components/ui/textarea";
import { type Registration, registrations } from "./content";
import type { Draft } from "./draft";
import { Field, told } from "./field";
import { PolicyCards } from "./policy-cards";
import { type Breaches, DESCRIPTION_MAX, OWNER_MAX } from "./rules";

interface Props {
  draft: Draft;
  /** Only what is to be said: a field that nobody has been to breaks no rule yet. */
  breaches: Breaches;
  /** Whether the service is named here, too. */
  isNew: boolean;
  onChange: (change: Partial<Draft>) => void;
  onVisit: (field: string) => void;
}

const registrationWord: Record<Registration, string> = {
  OPEN: "Open: an instance starts, and nothing is flagged",
  WARN: "Warn: an instance starts, and is flagged",
  ENFORCE: "Enforce: an instance is refused",
};

/** The fields of a definition, in the order of the file. */
export function FormFields({ draft, breaches, isNew, onChange, onVisit }: Props) {
  const line = (field: "service" | "owner" | "description" | "version", label: string, rule: string) => (
    <Field id={field} label={label} rule={rule} breach={breaches[field]}>
      <Input
        {...told(field, breaches[field])}
        autoComplete="off"
        spellCheck={false}
        value={draft[field]}
        onChange={(event) => onChange({ [field]: event.target.value })}
        onBlur={() => onVisit(field)}
      />
    </Field>
  );
  const figure = (
    field: "minInstances" | "maxInstances" | "p99LimitMs" | "errorLimitPercent",
    label: string,
    unit: string,
    rule: string,
  ) => (
    <Field id={field} label={label} rule={rule} breach={breaches[field]}>
      <div className="flex items-center gap-2">
        <Input
          {...told(field, breaches[field])}
          className="w-24"
          inputMode={field === "errorLimitPercent" ? "decimal" : "numeric"}
          autoComplete="off"
          value={draft[field]}
          onChange={(event) => onChange({ [field]: event.target.value })}
          onBlur={() => onVisit(field)}
        />
        <span className="text-muted-foreground">{unit}</span>
      </div>
    </Field>
  );
  return (
    <>
      {isNew && line("service", "Service", "As its instances call themselves; it cannot be changed later.")}
      {line("owner", "Team", `The team or person who answers for it, 1 to ${OWNER_MAX} characters.`)}
      {line("description", "Description", `What it does, 1 to ${DESCRIPTION_MAX} characters.`)}
      {line("version", "Version", "The version that should run: three numbers, such as 1.4.0.")}
      <div className="grid grid-cols-2 gap-3">
        {figure("minInstances", "At least", "instances", "Fewer are flagged. Empty: no minimum.")}
        {figure("maxInstances", "At most", "instances", "Empty: no maximum.")}
        {figure("p99LimitMs", "Limit of p99", "ms", "Over a minute. Empty: no limit.")}
        {figure("errorLimitPercent", "Limit of errors", "%", "Over a minute. Empty: no limit.")}
      </div>
      <PolicyCards draft={draft} breach={breaches["failover"]} onChange={onChange} />
      <Field
        id="registration"
        label="Registration"
        rule="What becomes of an instance that starts while this definition is not in use."
        breach={undefined}
      >
        <NativeSelect
          {...told("registration", undefined)}
          value={draft.registration}
          onChange={(event) => onChange({ registration: event.target.value as Registration })}
        >
          {registrations.map((each) => (
            <option key={each} value={each}>
              {registrationWord[each]}
            </option>
          ))}
        </NativeSelect>
      </Field>
      <Field id="labels" label="Labels" rule="key=value, one a line; at most 64." breach={breaches["labels"]}>
        <Textarea
          {...told("labels", breaches["labels"])}
          rows={2}
          spellCheck={false}
          className="font-mono text-xs"
          value={draft.labels}
          onChange={(event) => onChange({ labels: event.target.value })}
          onBlur={() => onVisit("labels")}
        />
      </Field>
    </>
  );
}
