import { text } from "@/shared/url/codec";

/** What of the dead letters stands in the address. */
export const lettersShape = { q: text, kind: text, letter: text };
