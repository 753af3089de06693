import { afterEach, describe, expect, it, vi } from "vitest";
import { resetLeaders, startLeaders } from "@/features/dashboard";
import { useLeaders } from "@/features/dashboard/leaders";
import { tally } from "@/features/dashboard/tally";

let stop = (): void => {};

afterEach(() => {
  stop();
  resetLeaders();
  vi.restoreAllMocks();
});

/** A server with so many groups, every tenth of them without an owner. */
function serve(count: number): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_input, init) => {
    const { query, variables } = JSON.parse(String(init?.body));
    const first = Number(/leaders\(first: (\d+)/.exec(query)?.[1]);
    const start = Number(variables.after ?? 0);
    const end = Math.min(start + first, count);
    const nodes = Array.from({ length: end - start }, (_, n) => ({
      id: `desk/${start + n}`,
      service: "desk",
      group: `${start + n}`,
      term: 1,
      instance: (start + n) % 10 === 0 ? null : "desk-1",
      since: "2026-01-01T00:00:00Z",
      reason: "",
      vacancyMs: null,
    }));
    const pageInfo = { hasNextPage: end < count, endCursor: String(end) };
    const leaders = { nodes, pageInfo, totalCount: count, asOfSequence: 1 };
    return new Response(JSON.stringify({ data: { leaders } }), {
      headers: { "content-type": "application/json" },
    });
  });
}

const loaded = async () => {
  stop = startLeaders();
  await vi.waitFor(() => expect(useLeaders.getState().leaders).not.toBeNull(), { timeout: 10_000 });
  return useLeaders.getState();
};

describe("the tally of groups", () => {
  it("counts all of them, however many there are", async () => {
    serve(12_345);
    const { leaders, cut } = await loaded();
    expect(cut).toBe(false);
    expect(tally([], leaders).ownerless).toBe(1_235);
  });

  it("says when it has given up counting", async () => {
    serve(100_001);
    const { leaders, cut } = await loaded();
    expect(leaders).toHaveLength(100_000);
    expect(cut).toBe(true);
  });
});
