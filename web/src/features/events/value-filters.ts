import type { Event } from "@/shared/events/documents";
import { kindLook, typeWords } from "@/shared/events/kinds";
import type { Filter, FilterKey } from "./view-state";

/** What of an event can be filtered by. */
export type Field = "kind" | "type" | "service" | "actor" | "aggregate" | "correlation" | "causation";

export const fieldWord: Record<Field, string> = {
  kind: "Kind",
  type: "Type",
  service: "Service",
  actor: "Actor",
  aggregate: "Subject",
  correlation: "Correlation",
  causation: "Caused by",
};

const excludable: Partial<Record<Field, FilterKey>> = {
  kind: "not.kind",
  type: "not.type",
  service: "not.service",
  actor: "not.actor",
};

export const mayExclude = (field: Field): boolean => field in excludable;

/** The value in words. */
export function wordsOf(field: Field, value: string): string {
  if (field === "type") return typeWords(value);
  if (field === "kind") return kindLook[value as Event["kind"]]?.word ?? value;
  return value;
}

const isMany = (field: Field): boolean => field === "kind" || field === "type";

/** Only what has this value; of kinds and types one more of them. What excluded it is dropped. */
export function including(view: Filter, field: Field, value: string): Partial<Filter> {
  const change = isMany(field)
    ? { [field]: [...new Set([...view[field as "type"], value])] }
    : { [field]: value };
  const not = excludable[field];
  return {
    ...change,
    ...(not && { [not]: (view[not] as readonly string[]).filter((each) => each !== value) }),
  };
}

/** Nothing that has this value. What included it is dropped. */
export function excluding(view: Filter, field: Field, value: string): Partial<Filter> {
  const not = excludable[field];
  if (!not) return {};
  const change = { [not]: [...new Set([...(view[not] as readonly string[]), value])] };
  if (isMany(field)) {
    return {
      ...change,
      [field]: (view[field as "type"] as readonly string[]).filter((each) => each !== value),
    };
  }
  return view[field] === value ? { ...change, [field]: "" } : change;
}

export interface Chip {
  key: string;
  text: string;
  not: boolean;
  /** The filter without it. */
  without: Partial<Filter>;
}

/** Each filter by itself, to be read and taken away. */
export function chipsOf(view: Filter): Chip[] {
  const chips: Chip[] = [];
  for (const field of Object.keys(fieldWord) as Field[]) {
    const value = view[field];
    const values = typeof value === "string" ? [value].filter(Boolean) : value;
    for (const each of values) {
      const left = typeof value === "string" ? "" : value.filter((other) => other !== each);
      chips.push({
        key: `${field} ${each}`,
        text: `${fieldWord[field]} ${wordsOf(field, each)}`,
        not: false,
        without: { [field]: left },
      });
    }
    const not = excludable[field];
    for (const each of not ? (view[not] as readonly string[]) : []) {
      if (!not) continue;
      chips.push({
        key: `${not} ${each}`,
        text: `${fieldWord[field]} ${wordsOf(field, each)}`,
        not: true,
        without: { [not]: (view[not] as readonly string[]).filter((other) => other !== each) },
      });
    }
  }
  return chips;
}
