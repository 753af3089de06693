import { afterEach, describe, expect, it, vi } from "vitest";
import { extend } from "@/features/events/log";
import { graphql } from "@/gql";
import { client } from "@/shared/graphql/client";
import { highest, mark, order, revive, stringify, unmark, whole } from "@/shared/graphql/exact";
import { sequence } from "@/shared/url/codec";

afterEach(() => vi.restoreAllMocks());

const LARGE = "9007199254740993";

describe("whole numbers beyond 2^53", () => {
  it.each([
    `{"a":${LARGE},"b":[-${LARGE},1,"${LARGE}"],"c":{"d":18446744073709551615}}`,
    `{"text":"a \\"${LARGE}\\" b","float":1234567890123456.5,"e":9007199254740993e3,"safe":9007199254740991}`,
    `{"key ${LARGE}":null,"t":true,"s":""}`,
    "[]",
  ])("keep all their digits in %s", (json) => {
    expect(stringify(JSON.parse(mark(json), revive))).toBe(stringify(JSON.parse(mark(json), revive)));
    const exact = JSON.parse(mark(json), revive);
    expect(unmark(JSON.parse(mark(json)))).toEqual(exact);
    // Floats are printed in the shortest form that is the same number.
    const floats = json.replace("9007199254740993e3", String(9007199254740993e3));
    expect(stringify(exact)).toBe(floats);
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
