import { type Whole, whole } from "@/shared/graphql/exact";

/** How one value stands in the query string. The fallback is never written, so that links stay short. */
export interface Codec<T> {
  fallback: T;
  parse: (raw: string) => T;
  format: (value: T) => string;
  /** It may stand several times; what is parsed and formatted is one a line. */
  repeated?: true;
}

export const text: Codec<string> = { fallback: "", parse: (raw) => raw, format: (value) => value };

export const flag: Codec<boolean> = {
  fallback: false,
  parse: (raw) => raw === "1",
  format: (v) => (v ? "1" : ""),
};

export function oneOf<T extends string>(allowed: readonly T[], fallback: T): Codec<T> {
  return {
    fallback,
    parse: (raw) => allowed.find((candidate) => candidate === raw) ?? fallback,
    format: (value) => (value === fallback ? "" : value),
  };
}

/** A set out of `allowed`, written in the order of `allowed`; what is not allowed is dropped. */
export function someOf<T extends string>(allowed: readonly T[]): Codec<readonly T[]> {
  return {
    fallback: [],
    parse: (raw) => {
      const parts = new Set(raw.split(","));
      return allowed.filter((candidate) => parts.has(candidate));
    },
    format: (value) => allowed.filter((candidate) => value.includes(candidate)).join(","),
  };
}

export const sequence: Codec<Whole | null> = {
  fallback: null,
  parse: (raw) => (/^\d{1,20}$/.test(raw) ? whole(raw) : null),
  format: (value) => (value === null ? "" : String(value)),
};

const joined = (raw: readonly string[]): string | null => (raw.length === 0 ? null : raw.join("\n"));

/** Texts, each of which stands by itself in the address. */
export const lines: Codec<readonly string[]> = {
  fallback: [],
  parse: (raw) => raw.split("\n").filter(Boolean),
  format: (value) => value.join("\n"),
  repeated: true,
};

// biome-ignore lint/suspicious/noExplicitAny: the element type of each codec is inferred, not erased
export type Shape = Record<string, Codec<any>>;
export type Values<S extends Shape> = { [K in keyof S]: S[K]["fallback"] };

export function readUrl<S extends Shape>(shape: S, params: URLSearchParams): Values<S> {
  const values: Record<string, unknown> = {};
  for (const [name, codec] of Object.entries(shape)) {
    const raw = codec.repeated ? joined(params.getAll(name)) : params.get(name);
    values[name] = raw === null ? codec.fallback : codec.parse(raw);
  }
  return values as Values<S>;
}

/** The same query string with `change` applied; what belongs to others stays. */
export function writeUrl<S extends Shape>(
  shape: S,
  params: URLSearchParams,
  change: Partial<Values<S>>,
): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(change)) {
    const codec = shape[name];
    const formatted = codec?.format(value) ?? "";
    next.delete(name);
    if (formatted === "") continue;
    for (const line of codec?.repeated ? formatted.split("\n") : [formatted]) next.append(name, line);
  }
  return next;
}
