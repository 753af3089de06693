import { act, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { MemoryRouter, useLocation, useNavigate } from "react-router";
import { describe, expect, it } from "vitest";
import { eventsShape } from "@/features/events/view-state";
import {
  filterOf,
  isFiltered,
  isNarrowed,
  overviewShape,
  serviceFilterOf,
} from "@/features/overview/view-state";
import { nextSort } from "@/shared/instances/order";
import { readUrl, text, writeUrl } from "@/shared/url/codec";
import { instancePath, keeping } from "@/shared/url/links";
import { momentFrom } from "@/shared/url/moment";

const read = (search: string) => readUrl(overviewShape, new URLSearchParams(search));

import { useRange } from "@/shared/time/use-range";
import { useUrlState } from "@/shared/url/use-url-state";

describe("the view in the address", () => {
  it("comes back as it went", () => {
    const change = {
      q: "a b&c",
      status: ["FAILED", "RUNNING"],
      sort: { key: "p99", descending: true },
      view: "instances",
      service: "x",
      label: ["desk:demo", "zone"],
    } as const;
    const search = writeUrl(overviewShape, new URLSearchParams(), change).toString();
    expect(search).toContain("sort=-p99");
    expect(search).toContain("label=desk%3Ademo&label=zone");
    expect(read(search)).toEqual({ ...read(""), ...change });
    const event = writeUrl(eventsShape, new URLSearchParams(), { event: 42, kind: ["LEADERSHIP"] });
    expect(event.toString()).toBe("event=42&kind=LEADERSHIP");
    expect(readUrl(eventsShape, event).event).toBe(42);
  });

  it("leaves defaults out and what is not its own in", () => {
    const sort = { key: "severity", descending: false } as const;
    const search = writeUrl(overviewShape, new URLSearchParams("other=1&q=x&sort=-p99"), { q: "", sort });
    expect(search.toString()).toBe("other=1");
  });

  it("reads nonsense as the default", () => {
    expect(read("status=NOPE&sort=;drop&view=maybe")).toEqual(read(""));
    expect(readUrl(eventsShape, new URLSearchParams("event=-1")).event).toBeNull();
  });

  it("is the filter that the server takes", () => {
    expect(filterOf(read("q=x&status=FAILED&label=desk:demo&label=zone&version=1.0"))).toEqual({
      text: "x",
      statuses: ["FAILED"],
      version: "1.0",
      labels: [{ key: "desk", value: "demo" }, { key: "zone" }],
    });
    expect(filterOf(read(""))).toEqual({});
    const scoped = read("team=Rates");
    expect(filterOf(scoped)).toEqual({ team: "Rates" });
    expect(serviceFilterOf(read("team=Rates&service=desk"))).toEqual({ team: "Rates", text: "desk" });
    expect([isFiltered(scoped), isNarrowed(scoped), isNarrowed(read("team=Rates&q=x"))]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it("sorts figures by the biggest first, names from the beginning, and turns about", () => {
    const now = { key: "severity", descending: false } as const;
    expect(nextSort(now, "p99")).toEqual({ key: "p99", descending: true });
    expect(nextSort(now, "name")).toEqual({ key: "name", descending: false });
    expect(nextSort({ key: "p99", descending: true }, "p99").descending).toBe(false);
  });
});

describe("links", () => {
  it("keep the span of time, the moment and the team, and nothing else", () => {
    const params = new URLSearchParams("from=now-1h&at=s365&q=x");
    expect(keeping("/events", params)).toBe("/events?from=now-1h&at=s365");
    expect(keeping("/leadership", new URLSearchParams("team=Rates&q=x"))).toBe("/leadership?team=Rates");
    expect(keeping("/events?at=s1", params)).toBe("/events?at=s1&from=now-1h");
    expect(instancePath("a/b", "c d")).toBe("/services/a%2Fb/instances/c%20d");
  });

  it("read a moment as a sequence or a time", () => {
    expect(momentFrom("s365")).toEqual({ sequence: 365 });
    expect(momentFrom("2026-11-28T12:45:26Z")).toEqual({ time: "2026-11-28T12:45:26Z" });
    expect([momentFrom(null), momentFrom("365x")]).toEqual([null, null]);
  });
});

describe("changes of the address", () => {
  const wrapper = ({ children }: { children?: ReactNode }) =>
    createElement(MemoryRouter, { initialEntries: ["/audit?q=a&from=now-1h"] }, children);

  it("of one moment add up, and are one step back", async () => {
    const shape = { q: text, action: text } as const;
    const { result } = renderHook(
      () => ({ url: useUrlState(shape), range: useRange(), go: useNavigate(), place: useLocation() }),
      { wrapper },
    );
    act(() => {
      result.current.url[1]({ q: "", action: "x" });
      result.current.range[1]({ from: "now-6h", to: "now" });
    });
    expect(result.current.place.search).toBe("?from=now-6h&action=x");
    await new Promise((resolve) => setTimeout(resolve));
    act(() => result.current.url[1]({ q: "b" }, { replace: true }));
    expect(result.current.place.search).toBe("?from=now-6h&action=x&q=b");
    act(() => void result.current.go(-1));
    expect(result.current.place.search).toBe("?q=a&from=now-1h");
  });
});
