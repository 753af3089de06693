import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SearchField } from "@/shared/ui/search-field";

const field = (): HTMLInputElement => screen.getByRole("searchbox");
const type = (value: string): void => {
  fireEvent.change(field(), { target: { value } });
};
const rest = (ms: number): void =>
  act(() => {
    vi.advanceTimersByTime(ms);
  });

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("a field to search", () => {
  const told: string[] = [];
  const show = (value: string) => (
    <SearchField label="Filter" value={value} onChange={(next) => told.push(next)} />
  );

  it("tells once nobody types, and loses no letter to an address that follows later", () => {
    told.length = 0;
    const { rerender } = render(show(""));
    for (const text of ["G", "G-", "G-9"]) {
      type(text);
      rest(50);
    }
    expect(told).toEqual([]);
    rest(200);
    expect(told).toEqual(["G-9"]);
    type("G-99");
    rest(200);
    type("G-999");
    // The address comes to what was told first.
    rerender(show("G-9"));
    expect(field().value).toBe("G-999");
    rest(200);
    rerender(show("G-99"));
    rerender(show("G-999"));
    expect(field().value).toBe("G-999");
    expect(told).toEqual(["G-9", "G-99", "G-999"]);
  });

  it("follows the address when that changes by itself", () => {
    const { rerender } = render(show("desk"));
    rerender(show(""));
    expect(field().value).toBe("");
    rerender(show("other"));
    expect(field().value).toBe("other");
  });

  it("tells whoever listens by then", () => {
    const late: string[] = [];
    const { rerender } = render(show(""));
    type("desk");
    rerender(<SearchField label="Filter" value="" onChange={(next) => late.push(next)} />);
    rest(200);
    expect(late).toEqual(["desk"]);
  });

  it("tells at once when it is left", () => {
    told.length = 0;
    render(show(""));
    type("desk");
    fireEvent.blur(field());
    expect(told).toEqual(["desk"]);
    rest(500);
    expect(told).toEqual(["desk"]);
  });
});
