import { describe, expect, it } from "vitest";
import { dashboardShape } from "@/features/dashboard/view-state";
import { eventsShape } from "@/features/events/view-state";
import { readUrl, writeUrl } from "@/shared/url/codec";

const read = (search: string) => readUrl(dashboardShape, new URLSearchParams(search));

describe("the view in the address", () => {
  it("comes back as it went", () => {
    const change = {
      q: "a b&c",
      status: ["FAILED", "RUNNING"],
      sort: "p99",
      reverse: true,
      flat: true,
      service: "x",
    } as const;
    const search = writeUrl(dashboardShape, new URLSearchParams(), change).toString();
    expect(read(search)).toEqual({ ...read(""), ...change });
    const event = writeUrl(eventsShape, new URLSearchParams(), { event: 42, kind: ["LEADERSHIP"] });
    expect(event.toString()).toBe("event=42&kind=LEADERSHIP");
    expect(readUrl(eventsShape, event).event).toBe(42);
  });

  it("leaves defaults out and what is not its own in", () => {
    const search = writeUrl(dashboardShape, new URLSearchParams("other=1&q=x&sort=p99"), {
      q: "",
      sort: "worst",
    });
    expect(search.toString()).toBe("other=1");
  });

  it("reads nonsense as the default", () => {
    expect(read("status=NOPE&sort=;drop&flat=maybe")).toEqual(read(""));
    expect(readUrl(eventsShape, new URLSearchParams("event=-1")).event).toBeNull();
  });
});
