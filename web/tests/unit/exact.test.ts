import { afterEach, describe, expect, it, vi } from "vitest";
import { graphql } from "@/gql";
import { extend } from "@/shared/events/log";
import { client } from "@/shared/graphql/client";
import {
  highest,
  mark,
  markWritten,
  order,
  revive,
  stringify,
  unmark,
  Written,
  whole,
} from "@/shared/graphql/exact";
import { sequence } from "@/shared/url/codec";

afterEach(() => vi.restoreAllMocks());

const LARGE = "9007199254740993";

describe("numbers that somebody wrote", () => {
  const read = (json: string, envelope = 1) => unmark(JSON.parse(mark(json, envelope)));

  it("keep their digits in what others wrote, and are plain numbers everywhere else", () => {
    const json = '{"data":{"event":{"p99":12.0,"data":{"limit":1.50,"list":[1e3,-0,2],"n":0.5}},"p50":1.0}}';
    const answer = read(json) as { data: { event: { p99: number; data: unknown }; p50: number } };
    expect(answer.data.event.p99).toBe(12);
    expect(answer.data.p50).toBe(1);
    expect(stringify(answer.data.event.data)).toBe('{"limit":1.50,"list":[1e3,-0,2],"n":0.5}');
    expect((answer.data.event.data as { limit: unknown }).limit).toEqual(new Written("1.50"));
  });

  it("are told from the answer itself, which stands deeper in a message of the websocket", () => {
    const json = '{"type":"next","payload":{"data":{"events":[{"data":{"x":1.0}}],"rate":2.0}}}';
    const { payload } = read(json, 2) as { payload: { data: { rate: number } } };
    expect(payload.data.rate).toBe(2);
    expect(stringify(payload)).toBe('{"data":{"events":[{"data":{"x":1.0}}],"rate":2}}');
  });

  it("before, after and configurations too", () => {
    const json = '{"data":{"configuration":{"a":1.0},"eventChange":{"before":{"b":2.0},"after":null}}}';
    expect(stringify(read(json))).toBe(json);
  });

  it("as a payload that is all of somebody else", () => {
    const json = '{"price":1.10,"n":9007199254740993,"text":"1.10"}';
    expect(stringify(JSON.parse(markWritten(json), revive))).toBe(json);
  });
});

describe("whole numbers beyond 2^53", () => {
  it.each([
    `{"a":${LARGE},"b":[-${LARGE},1,"${LARGE}"],"c":{"d":18446744073709551615}}`,
    `{"text":"a \\"${LARGE}\\" b","float":1234567890123456.5,"e":9007199254740993e3,"safe":9007199254740991}`,
    `{"key ${LARGE}":null,"t":true,"s":""}`,
    `{"p99":0.12345678901234566,"small":1.2345678901234566e-7,"exact":0.1234567890123456,"n":${LARGE}}`,
    "[]",
  ])("keep all their digits in %s", (json) => {
    const exact = JSON.parse(mark(json), revive);
    expect(unmark(JSON.parse(mark(json)))).toEqual(exact);
    // Floats are printed in the shortest form that is the same number.
    const floats = json.replace("9007199254740993e3", String(9007199254740993e3));
    expect(stringify(exact)).toBe(floats);
  });

  it.each(['"\uE0FE#12"', '"\uE0FE#x"', '"\uE0FE\uE0FE#12"', '"a\\"\uE0FE#12"', '{"\uE0FE#12":"\uE0FE#12"}'])(
    "are not seen in the text %s of somebody else",
    (json) => {
      const text = JSON.parse(json);
      for (const sent of [json, json.replaceAll("\uE0FE", "\\ue0fe"), json.replaceAll("\uE0FE", "\\uE0FE")]) {
        expect(JSON.parse(mark(sent), revive)).toEqual(text);
        expect(unmark(JSON.parse(mark(sent)))).toEqual(text);
      }
      expect(stringify(text)).toBe(json);
    },
  );

  it("leave any JSON readable and the same", () => {
    const numbers = [
      "0.12345678901234567",
      "12345.678901234567890123",
      "1.2345678901234567E+21",
      "-0.1234567890123456",
    ];
    for (const number of numbers) {
      const json = `{"a":${number},"b":[${number},${LARGE}]}`;
      expect(JSON.parse(mark(json), revive)).toEqual({
        a: Number(number),
        b: [Number(number), BigInt(LARGE)],
      });
    }
  });

  it("are compared, sorted and put into addresses as they are", () => {
    const [small, large, larger] = [9, whole(LARGE), whole("9007199254740994")];
    expect([larger, small, large].sort(order)).toEqual([small, large, larger]);
    expect(highest(large, small)).toBe(large);
    expect(whole("9007199254740991")).toBe(9007199254740991);
    expect(sequence.format(sequence.parse(LARGE))).toBe(LARGE);
    expect(extend({ events: [], cursor: large }, [], larger, 5).cursor).toBe(larger);
  });

  it("arrive from the API without being rounded", async () => {
    const body = `{"data":{"system":{"asOfSequence":${LARGE},"projectionLag":3}}}`;
    vi.spyOn(globalThis, "fetch").mockResolvedValue(
      new Response(body, { headers: { "content-type": "application/json" } }),
    );
    const query = graphql(`query Exact { system { asOfSequence projectionLag } }`);
    const system = (await client.query(query, {}).toPromise()).data?.system;
    expect(`${system?.asOfSequence}`).toBe(LARGE);
    expect(system?.projectionLag).toBe(3);
  });
});
