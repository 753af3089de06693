import { act, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { MemoryRouter } from "react-router";
import { afterEach, describe, expect, it } from "vitest";
import { useActions } from "@/app/palette/actions";
import { useSingleKeys } from "@/shared/keys/store";
import { usePause } from "@/shared/live/pause";
import { type Role, useSession } from "@/shared/session/store";

const actionsAs = (role: Role, address = "/") => {
  useSession.setState({ status: "in", viewer: { name: "vera", role } });
  const wrapper = ({ children }: { children?: ReactNode }) =>
    createElement(MemoryRouter, { initialEntries: [address] }, children);
  const went: string[] = [];
  const ways = { go: (to: string) => went.push(to), onSheet: () => went.push("sheet") };
  const { result } = renderHook(() => useActions(ways), { wrapper });
  const find = (label: string) => result.current.find((each) => each.label === label);
  return { find, went };
};

describe("actions of the palette", () => {
  afterEach(() => {
    usePause.getState().resume();
    useSession.getState().reset();
  });

  it("say which role they need where it lacks", () => {
    const viewer = actionsAs("VIEWER");
    expect(viewer.find("New definition")?.lock).toBe("Needs Admin, you are Viewer.");
    expect(viewer.find("Look at the past")?.lock).toBe("Needs Auditor");
    expect(viewer.find("Pause the page")?.lock).toBeNull();
    const admin = actionsAs("ADMIN");
    expect([admin.find("New definition")?.lock, admin.find("Look at the past")?.lock]).toEqual([null, null]);
    admin.find("New definition")?.run();
    expect(admin.went).toEqual(["/definitions/_new"]);
  });

  it("are those of the moment", () => {
    const past = actionsAs("ADMIN", "/?at=s5");
    expect(past.find("Look at the past")).toBeUndefined();
    expect(past.find("Back to live")?.lock).toBeNull();
    expect(past.find("New definition")?.lock).toBe("You are viewing the past.");
    const { find } = actionsAs("VIEWER");
    act(() => find("Pause the page")?.run());
    expect(find("Resume the page")).toBeDefined();
    act(() => find("Turn single keys off")?.run());
    expect(useSingleKeys.getState().on).toBe(false);
    act(() => find("Turn single keys on")?.run());
    expect(useSingleKeys.getState().on).toBe(true);
  });
});
