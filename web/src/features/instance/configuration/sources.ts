import { z } from "@/shared/lib/zod";

/** By field. */
export type Sources = ReadonlyMap<string, string>;

const titles: Readonly<Record<string, string>> = {
  default: "Nothing says otherwise: as the software has it",
  file: "From the configuration file",
  environment: "From a variable of the environment",
  definition: "From the definition of the service",
  operator: "Somebody has set it here",
  program: "The program has set it itself, from its command line for example",
};

export const sourceTitle = (source: string): string | undefined => titles[source];

/** The source of a setting: a field has one for all that is nested in it. */
export function sourceOf(key: string, sources: Sources): string | null {
  for (let field = key; field !== ""; field = field.slice(0, Math.max(0, field.lastIndexOf(".")))) {
    const source = sources.get(field);
    if (source !== undefined) return source;
  }
  return null;
}

const told = z.object({ sources: z.record(z.string(), z.string()) });

/** Those that a report of the log carries. */
export function sourcesFrom(data: unknown): Sources {
  const parsed = told.safeParse(data);
  return new Map(parsed.success ? Object.entries(parsed.data.sources) : []);
}
