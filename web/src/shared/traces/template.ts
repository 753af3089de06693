import { create } from "zustand";
import { kept } from "@/shared/lib/kept";
import { z } from "@/shared/lib/zod";

const PLACE = "{traceId}";

const place = kept<string>("aegis.traces", z.string(), "");

interface Traces {
  /** Address of a trace with `{traceId}` for its id; empty where none is set. */
  template: string;
  set: (template: string) => void;
}

/** Where traces are looked at, in this browser. */
export const useTraces = create<Traces>((set) => ({
  template: place.read(),
  set: (template) => {
    place.write(template);
    set({ template });
  },
}));

place.follow((template) => useTraces.setState({ template }));

/** What is wrong with a template; null where nothing is. */
export function templateRule(template: string): string | null {
  if (!template.includes(PLACE)) return `Use an address with ${PLACE} in it.`;
  try {
    const { protocol } = new URL(template.replaceAll(PLACE, "x"));
    return protocol === "https:" || protocol === "http:" ? null : "Use an address of http or https.";
  } catch {
    return "Use a whole address, such as https://traces.example/{traceId}.";
  }
}

/** The address of a trace; null where no template that makes sense is set. */
export const traceUrl = (template: string, id: string): string | null =>
  templateRule(template) === null ? template.replaceAll(PLACE, encodeURIComponent(id)) : null;
