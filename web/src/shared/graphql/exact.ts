/** A whole number of the API, exact: beyond 2^53 a `number` would round it. */
export type Whole = number | bigint;

/** Stands before the digits of a number that is read as a text for a moment. */
const MARK = "\uE0FE#";
/** Stands before a text that begins with it, so that no text of others is taken for a marked number. */
const ESCAPE = "\uE0FE";
const NEEDED = /\d{16}|\uE0FE|\\ue0fe/i;
// Whole texts, so that digits in one are left alone, with the colon that makes one a key; and whole numbers, so
// that the digits of a fraction or an exponent are not taken for an integer.
const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
const MARKED_TEXT = /^"(?:\uE0FE|\\ue0fe)/i;
const INTEGER = /^-?\d{16,}$/;

/** The JSON with long integers as marked texts, which `JSON.parse` does not round. */
export function mark(json: string): string {
  if (!NEEDED.test(json)) return json;
  return json.replace(TOKEN, (token, colon?: string) => {
    if (token.startsWith('"'))
      return !colon && MARKED_TEXT.test(token) ? `"${ESCAPE}${token.slice(1)}` : token;
    return INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${MARK}${token}"` : token;
  });
}

/** A reviver for `JSON.parse` of what was marked. */
export function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith(ESCAPE)) return value;
  return value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value.slice(ESCAPE.length);
}

/** What was parsed without the reviver, as it would be with it. Without marks, the same object. */
export function unmark<T>(value: T): T {
  if (typeof value === "string") return revive("", value) as T;
  if (Array.isArray(value)) {
    const items = value.map(unmark);
    return items.some((item, index) => item !== value[index]) ? (items as T) : value;
  }
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, field]) => [key, unmark(field)] as const);
  const changed = entries.some(([key, field]) => field !== (value as Record<string, unknown>)[key]);
  return changed ? (Object.fromEntries(entries) as T) : value;
}

/** Digits as the number that an answer with them would have. */
export function whole(digits: string): Whole {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** As `JSON.stringify`, with all the digits of whole numbers. */
export function stringify(value: unknown, indent?: number): string {
  const marked = JSON.stringify(
    value,
    (_key, field) => {
      if (typeof field === "bigint") return `${MARK}${field}`;
      return typeof field === "string" && field.startsWith(ESCAPE) ? `${ESCAPE}${field}` : field;
    },
    indent,
  );
  return marked?.replace(TOKEN, (token, colon?: string) => {
    if (colon || !MARKED_TEXT.test(token)) return token;
    return token.startsWith(MARK, 1)
      ? token.slice(1 + MARK.length, -1)
      : `"${token.slice(1 + ESCAPE.length)}`;
  });
}

/** For sorting: numbers of both kinds compare with each other. */
export const order = (a: Whole, b: Whole): number => (a < b ? -1 : a > b ? 1 : 0);

export const highest = (a: Whole, b: Whole): Whole => (a < b ? b : a);

/** The kind of websocket that there is, with messages marked before anybody parses them. */
export function exactSocket(): typeof WebSocket {
  return class extends globalThis.WebSocket {
    override set onmessage(listener: WebSocket["onmessage"]) {
      const exact = ({ data }: MessageEvent): unknown =>
        listener?.call(this, { data: typeof data === "string" ? mark(data) : data } as MessageEvent);
      super.onmessage = listener && exact;
    }
    override get onmessage(): WebSocket["onmessage"] {
      return super.onmessage;
    }
  };
}
