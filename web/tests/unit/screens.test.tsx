import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DashboardScreen, resetInstances } from "@/features/dashboard";
import { receive, useInstances } from "@/features/dashboard/store";
import { FeedPanel, resetEvents } from "@/features/events";
import { receive as receiveEvents } from "@/features/events/store";
import { SignInScreen } from "@/features/session";
import { useConnectionStore } from "@/shared/connection/store";
import { useSession } from "@/shared/session/store";
import { World } from "../mock/world";

const show = (element: React.ReactNode, path = "/") =>
  render(
    <RouterProvider router={createMemoryRouter([{ path: "*", element }], { initialEntries: [path] })} />,
  );

const dashboard = <DashboardScreen feed={<FeedPanel />} onRetry={() => {}} />;
const snapshotOf = (world: World) =>
  receive({
    __typename: "InstanceSnapshot",
    instances: [...world.instances.values()],
    asOfSequence: world.sequence,
  });

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-01-02T03:04:05.000Z") });
  // The virtual list asks how high its frame is; without layout every element would say nothing.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(700);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
});

afterEach(() => {
  cleanup();
  resetInstances();
  resetEvents();
  useConnectionStore.getState().dispatch({ type: "stopped" });
  vi.useRealTimers();
});

describe("the dashboard", () => {
  it("says that it loads, and shows an error in full when the subscription is refused", () => {
    show(dashboard);
    expect(screen.getByRole("status").textContent).toContain("Loading the registry");
    act(() => {
      useInstances.setState({
        error: { code: "TOO_COMPLEX", message: "Refused.", requestId: "r-7", retryable: false },
      });
    });
    const alert = screen.getByRole("alert").textContent;
    expect(alert).toContain("Refused.");
    expect(alert).toContain("TOO_COMPLEX");
    expect(alert).toContain("r-7");
    expect(screen.getByRole("button", { name: "Try again" })).toBeTruthy();
  });

  it("says what to do while there is no instance", () => {
    receive({ __typename: "InstanceSnapshot", instances: [], asOfSequence: 1 });
    show(dashboard);
    expect(screen.getByText("No instance has registered yet.")).toBeTruthy();
  });

  it("shows every instance with its state in words, worst first, and what each leads", () => {
    snapshotOf(new World());
    show(dashboard, "/?flat=1");
    const rows = screen.getAllByTestId("instance-row");
    expect(rows).toHaveLength(12);
    expect(rows[0]?.textContent).toContain("Expired");
    expect(rows[1]?.textContent).toContain("Unhealthy");
    expect(screen.getAllByText("not defined").length).toBe(3);
    expect(rows.some((row) => row.textContent?.includes("ACC-1 · term 1"))).toBe(true);
  });

  it("filters by the address and by its chips", () => {
    snapshotOf(new World());
    show(dashboard, "/?status=UNHEALTHY");
    expect(screen.getAllByTestId("instance-row")).toHaveLength(1);
    fireEvent.click(screen.getByRole("button", { name: /^Expired/ }));
    expect(screen.getAllByTestId("instance-row")).toHaveLength(2);
  });

  it("holds the picture while paused, and catches up on resume", () => {
    const world = new World();
    snapshotOf(world);
    show(dashboard);
    fireEvent.click(screen.getAllByRole("button", { name: "Pause" })[0] as HTMLElement);
    world.setStatus("algo-service/algo-service-1", "FAILED", "status_changed", "out of memory");
    act(() => {
      snapshotOf(world);
      vi.advanceTimersByTime(1_000);
    });
    expect(screen.queryByText("out of memory")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: /^Resume/ }));
    act(() => {
      vi.advanceTimersByTime(1_000);
    });
    expect(screen.getByText("out of memory")).toBeTruthy();
  });

  it("marks what it shows as stale while the connection is down", () => {
    snapshotOf(new World());
    const { container } = show(dashboard);
    const { dispatch } = useConnectionStore.getState();
    act(() => {
      dispatch({ type: "opening" });
      dispatch({ type: "opened", at: 1 });
      dispatch({ type: "lost", at: 2 });
    });
    expect(container.querySelector('[data-stale="true"]')).toBeTruthy();
  });

  it("keeps 5,000 instances to the rows in sight", () => {
    const world = new World();
    for (let n = 0; n < 5_000; n++) world.register("crowd", `crowd-${n}`, "1.0.0");
    snapshotOf(world);
    show(dashboard);
    expect(screen.getAllByTestId("instance-row").length).toBeLessThan(80);
    expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("5018");
  });
});

describe("forgetting an ended instance", () => {
  const answer = (data: unknown) => {
    const asked = vi.fn(
      async (_url: unknown, _init?: RequestInit) =>
        new Response(JSON.stringify({ data }), { headers: { "content-type": "application/json" } }),
    );
    vi.stubGlobal("fetch", asked);
    return asked;
  };
  const signIn = (role: "VIEWER" | "OPERATOR") => useSession.getState().signedIn({ name: "m.ito", role });
  const button = () => screen.getByRole("button", { name: "Forget algo-service-2" });
  const ask = async (reason: string) => {
    fireEvent.click(button());
    fireEvent.change(screen.getByLabelText("Reason, for the record"), { target: { value: reason } });
    await act(async () => {
      fireEvent.click(screen.getByRole("button", { name: "Forget" }));
      await vi.advanceTimersByTimeAsync(100);
    });
  };

  afterEach(() => {
    vi.unstubAllGlobals();
    useSession.getState().reset();
  });

  it("is offered for what has ended, and only to whoever may do it", () => {
    signIn("VIEWER");
    snapshotOf(new World());
    show(dashboard, "/?flat=1");
    expect(screen.getAllByRole("button", { name: /^Forget / })).toHaveLength(1);
    expect(button().hasAttribute("disabled")).toBe(true);
    expect(button().title).toContain("operator");
    act(() => signIn("OPERATOR"));
    expect(button().hasAttribute("disabled")).toBe(false);
  });

  it("asks for a reason before anything is sent, and sends what it is about", async () => {
    const asked = answer({ forgetInstance: { __typename: "Forgotten" } });
    signIn("OPERATOR");
    snapshotOf(new World());
    show(dashboard, "/?flat=1");
    fireEvent.click(button());
    expect(screen.getByRole("button", { name: "Forget" }).hasAttribute("disabled")).toBe(true);
    fireEvent.keyDown(document.activeElement as Element, { key: "Escape" });
    expect(screen.queryByLabelText("Reason, for the record")).toBeNull();
    expect(asked).not.toHaveBeenCalled();
    await ask("cleaned up");
    const sent = JSON.parse(String(asked.mock.calls[0]?.[1]?.body)).variables.input;
    expect(sent).toEqual({ service: "algo-service", instance: "algo-service-2", reason: "cleaned up" });
    expect(screen.queryByLabelText("Reason, for the record")).toBeNull();
  });

  it("says why it was not done, and stays open", async () => {
    const message = "the instance has not ended";
    answer({ forgetInstance: { __typename: "Rejected", code: "ILLEGAL_TRANSITION", message } });
    signIn("OPERATOR");
    snapshotOf(new World());
    show(dashboard, "/?flat=1");
    await ask("too early");
    expect(screen.getByRole("alert").textContent).toContain(message);
    expect(screen.getByRole("alert").textContent).toContain("ILLEGAL_TRANSITION");
    expect((screen.getByLabelText("Reason, for the record") as HTMLInputElement).value).toBe("too early");
  });
});

describe("the feed", () => {
  it("shows the newest on top and counts what waits behind a pause", () => {
    const world = new World();
    receiveEvents(world.events.slice(0, 10), 10);
    show(<FeedPanel />);
    expect(screen.getAllByTestId("feed-event")[0]?.getAttribute("data-sequence")).toBe("10");
    fireEvent.click(screen.getByRole("button", { name: "Pause" }));
    act(() => {
      receiveEvents(world.events.slice(8, 13), 13);
      vi.advanceTimersByTime(1_000);
    });
    expect(screen.getAllByTestId("feed-event")[0]?.getAttribute("data-sequence")).toBe("10");
    fireEvent.click(screen.getByRole("button", { name: "3 new" }));
    expect(screen.getAllByTestId("feed-event").map((e) => Number(e.getAttribute("data-sequence")))).toEqual(
      Array.from({ length: 13 }, (_, i) => 13 - i),
    );
  });
});

describe("signing in", () => {
  it("tells why a link did not work", () => {
    show(<SignInScreen reason="code_used" denied={false} onSignedIn={() => {}} />);
    expect(screen.getByRole("alert").textContent).toContain("has been used already");
  });

  it("tells the server's refusal, with code and request", async () => {
    vi.useRealTimers();
    const error = {
      code: "UNAUTHENTICATED",
      message: "The token is not known.",
      requestId: "r-1",
      retryable: false,
    };
    vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json({ error }, { status: 401 }));
    show(<SignInScreen reason={null} denied={false} onSignedIn={() => {}} />);
    fireEvent.change(screen.getByLabelText("Access token"), { target: { value: "wrong" } });
    fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The token is not known.");
    expect(alert.textContent).toContain("r-1");
  });
});
