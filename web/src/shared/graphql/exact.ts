/** A whole number of the API, exact: beyond 2^53 a `number` would round it. */
export type Whole = number | bigint;

/** Stands before the digits of a number that is read as a text for a moment. */
const MARK = "\uE0FE#";
/** Stands before a text that begins with it, so that no text of others is taken for a marked number. */
const ESCAPE = "\uE0FE";
/** A whole number of so many digits may be one that a `number` would round. */
const LONG = 16;
// Whole texts, so that digits in one are left alone, with the colon that makes one a key; whole numbers, so that the
// digits of a fraction or an exponent are not taken for an integer; and what opens and closes.
const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[{}[\]]/g;
const MARKED_TEXT = /^"(?:\uE0FE|\\ue0fe)/i;
const INTEGER = /^-?\d{16,}$/;
/** Fields that hold what others wrote, in the schema: there a number is to be shown as it is written. */
const WRITTEN = /"(?:data|before|after|configuration)"\s*:/;
const HOLDS_WRITTEN = /"(?:data|before|after|configuration)"\s*:\s*[{[]/g;
/** Numbers that a `number` prints otherwise: `1.50`, `1e3`, `-0`. */
const PRINTED_OTHERWISE = /\d\.\d*0(?!\d)|\d[eE][-+]?\d|-0(?![.\d])/;

/** A number with a fraction or an exponent as somebody wrote it, where a `number` would be printed otherwise. */
export class Written {
  constructor(readonly text: string) {}
}

const isWhole = (digits: string): boolean => INTEGER.test(digits) && !Number.isSafeInteger(Number(digits));
const isOtherwise = (number: string): boolean => String(Number(number)) !== number;

/**
 * The JSON of an answer with long integers, and what others wrote, as marked texts, which `JSON.parse` does not round.
 * `envelope` says how deep the answer itself stands in it.
 */
export function mark(json: string, envelope = 1): string {
  const written = PRINTED_OTHERWISE.test(json) && (json.match(HOLDS_WRITTEN)?.length ?? 0) > 1;
  if (!written && !hasLong(json) && !hasMark(json)) return json;
  let depth = 0;
  // How deep that begins which others wrote; whether it begins with the next token.
  let within = 0;
  let next = false;
  return json.replace(TOKEN, (token, colon?: string) => {
    if (token === "{" || token === "[") {
      depth += 1;
      if (next) within = depth;
      next = false;
      return token;
    }
    if (token === "}" || token === "]") {
      if (within === depth) within = 0;
      depth -= 1;
      return token;
    }
    next = colon !== undefined && within === 0 && depth > envelope && WRITTEN.test(token);
    return markToken(token, colon, within > 0);
  });
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Whether so many digits stand in a row. Each message is looked through, so only every so-manieth letter is. */
function hasLong(json: string): boolean {
  for (let at = LONG - 1; at < json.length; at += LONG) {
    if (!isDigit(json.charCodeAt(at))) continue;
    let [first, last] = [at, at];
    while (isDigit(json.charCodeAt(first - 1))) first -= 1;
    while (isDigit(json.charCodeAt(last + 1))) last += 1;
    if (last - first + 1 >= LONG) return true;
  }
  return false;
}

/** Whether a text of others may begin with a mark, as it is or escaped. */
const hasMark = (json: string): boolean =>
  json.includes(ESCAPE) || (json.includes("\\u") && /\\ue0fe/i.test(json));

/** The same of JSON that somebody else wrote, all of it. */
export const markWritten = (json: string): string =>
  json.replace(TOKEN, (token, colon?: string) => markToken(token, colon, true));

function markToken(token: string, colon: string | undefined, written: boolean): string {
  if (/^[{}[\]]$/.test(token)) return token;
  if (token.startsWith('"')) {
    return !colon && MARKED_TEXT.test(token) ? `"${ESCAPE}${token.slice(1)}` : token;
  }
  return isWhole(token) || (written && isOtherwise(token)) ? `"${MARK}${token}"` : token;
}

/** A reviver for `JSON.parse` of what was marked. */
export function revive(_key: string, value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith(ESCAPE)) return value;
  if (!value.startsWith(MARK)) return value.slice(ESCAPE.length);
  const digits = value.slice(MARK.length);
  return INTEGER.test(digits) ? BigInt(digits) : new Written(digits);
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

/** As `JSON.stringify`, with numbers as they were written. */
export function stringify(value: unknown, indent?: number): string {
  const marked = JSON.stringify(
    value,
    (_key, field) => {
      if (typeof field === "bigint") return `${MARK}${field}`;
      if (field instanceof Written) return `${MARK}${field.text}`;
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
    #closed: CloseEvent | null = null;
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      this.addEventListener("close", (event) => {
        this.#closed = event;
      });
    }
    override set onopen(listener: WebSocket["onopen"]) {
      super.onopen = listener;
      // It may have been opened before whoever speaks through it was there.
      if (this.readyState === WebSocket.OPEN) queueMicrotask(() => listener?.call(this, new Event("open")));
    }
    override get onopen(): WebSocket["onopen"] {
      return super.onopen;
    }
    override set onclose(listener: WebSocket["onclose"]) {
      super.onclose = listener;
      // Or closed.
      const closed = this.#closed;
      if (closed) queueMicrotask(() => listener?.call(this, closed));
    }
    override get onclose(): WebSocket["onclose"] {
      return super.onclose;
    }
    override set onmessage(listener: WebSocket["onmessage"]) {
      const exact = ({ data }: MessageEvent): unknown =>
        listener?.call(this, { data: typeof data === "string" ? mark(data, 2) : data } as MessageEvent);
      super.onmessage = listener && exact;
    }
    override get onmessage(): WebSocket["onmessage"] {
      return super.onmessage;
    }
  };
}

/** The same, of which the first ones are there already, as long as `early` gives any. */
export const exactSocketFrom = (early: () => WebSocket | null): typeof WebSocket =>
  new Proxy(exactSocket(), {
    construct: (kind, args) => early() ?? Reflect.construct(kind, args),
  });
