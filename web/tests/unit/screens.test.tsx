import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OverviewScreen } from "@/features/overview";
import { SignInScreen } from "@/features/session";
import { SystemScreen } from "@/features/system";
import { useConnectionStore } from "@/shared/connection/store";
import { receive, resetEvents } from "@/shared/events/store";
import { usePause } from "@/shared/live/pause";
import { useSession } from "@/shared/session/store";
import { Loading } from "@/shared/ui/states";
import { World } from "../mock/world";
import { connectTo } from "./support/world-live";

const show = (element: React.ReactNode, path = "/") =>
  render(
    <RouterProvider
      router={createMemoryRouter([{ path: "*", element: <main id="content">{element}</main> }], {
        initialEntries: [path],
      })}
    />,
  );

let disconnect = (): void => {};
const settle = (ms = 1_000) => act(() => vi.advanceTimersByTimeAsync(ms));

async function overview(world: World, path: string): Promise<void> {
  disconnect = connectTo(world);
  show(<OverviewScreen />, path);
  await act(() => vi.dynamicImportSettled());
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-01-02T03:04:05.000Z") });
  // The virtual list asks how high its frame is; without layout every element would say nothing.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(700);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(1200);
});

afterEach(() => {
  cleanup();
  disconnect();
  disconnect = () => {};
  resetEvents();
  usePause.getState().resume();
  useSession.getState().reset();
  useConnectionStore.getState().dispatch({ type: "stopped" });
  vi.useRealTimers();
});

const rows = (): HTMLElement[] => screen.queryAllByTestId("instance-row");

describe("the overview", () => {
  it("shows services collapsed, those that need somebody first, and opens one", async () => {
    await overview(new World(), "/");
    const services = screen.getAllByTestId("service-row").map((row) => row.getAttribute("data-service"));
    expect(services).toHaveLength(4);
    expect(services[0]).toBe("calculation-service");
    expect(rows()).toHaveLength(0);
    fireEvent.click(screen.getByRole("button", { name: "Instances of trading-service" }));
    await settle();
    expect(rows()).toHaveLength(3);
    expect(rows()[0]?.textContent).toContain("ACC-1");
  });

  it("lists instances with their state in words", async () => {
    await overview(new World(), "/?view=instances");
    expect(rows()).toHaveLength(12);
    expect(rows()[0]?.textContent).toContain("Unhealthy");
    expect(screen.getByTestId("list-count").textContent).toBe("12 instances");
  });

  it("filters by the address and by its menu, and says how many are left out", async () => {
    await overview(new World(), "/?view=instances&status=UNHEALTHY");
    expect(rows()).toHaveLength(1);
    expect(screen.getByTestId("list-count").textContent).toBe("1 of 12 instances · 11 filtered out");
    fireEvent.click(screen.getByRole("button", { name: "Filter by state" }));
    fireEvent.click(screen.getByRole("checkbox", { name: /Expired/ }));
    await settle();
    expect(rows()).toHaveLength(2);
  });

  it("says that nothing matches, and how to see all", async () => {
    await overview(new World(), "/?view=instances&q=nobody");
    expect(screen.getByText("0 of 12 match.")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Clear filters" }));
    await settle();
    expect(rows()).toHaveLength(12);
  });

  it("holds the whole picture while paused, and catches up on resume", async () => {
    const world = new World();
    await overview(world, "/?view=instances");
    fireEvent.click(screen.getByRole("button", { name: "Pause" }));
    world.setStatus("algo-service/algo-service-1", "FAILED", "status_changed", "out of memory");
    world.flush();
    await settle();
    expect(screen.queryByText("Out of memory.")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Resume" }));
    await settle();
    expect(screen.getByText("Out of memory.")).toBeTruthy();
  });

  it("calls nothing running that it has not seen for five seconds", async () => {
    await overview(new World(), "/?view=instances");
    const { dispatch } = useConnectionStore.getState();
    act(() => {
      dispatch({ type: "opening" });
      dispatch({ type: "opened", at: Date.now() });
      dispatch({ type: "lost", at: Date.now() });
    });
    await settle(7_000);
    expect(screen.getAllByText("was Running").length).toBeGreaterThan(0);
    const states = rows().map((row) => row.querySelector("[data-status]")?.getAttribute("data-status"));
    expect(states).not.toContain("RUNNING");
    expect(screen.getByRole("region", { name: "Attention" }).textContent).toContain("cannot see since");
  });

  it("asks for the rows in sight only, of 5,000", async () => {
    const world = new World();
    for (let n = 0; n < 5_000; n++) world.register("crowd", `crowd-${n}`, "1.0.0");
    await overview(world, "/?view=instances");
    expect(rows().length).toBeLessThan(80);
    expect(screen.getByRole("table").getAttribute("aria-rowcount")).toBe("5013");
  });
});

describe("actions on an instance", () => {
  const signIn = (role: "VIEWER" | "OPERATOR") => useSession.getState().signedIn({ name: "m.ito", role });
  const menu = async (name: string): Promise<void> => {
    const button = screen.getByRole("button", { name: `Actions of ${name}` });
    button.focus();
    fireEvent.keyDown(button, { key: "Enter" });
    await settle(50);
  };

  it("say which role they need", async () => {
    signIn("VIEWER");
    await overview(new World(), "/?view=instances&q=algo-service-2");
    await menu("algo-service-2");
    const item = screen.getByRole("menuitem", { name: /Forget/ });
    expect(item.getAttribute("aria-disabled")).toBe("true");
    expect(item.textContent).toContain("Needs Operator, you are Viewer.");
  });

  it("state what follows and ask for a reason; a refusal stays in the dialog", async () => {
    signIn("OPERATOR");
    await overview(new World(), "/?view=instances&q=trading-service-1");
    await menu("trading-service-1");
    fireEvent.click(screen.getByRole("menuitem", { name: "Drain…" }));
    await settle(50);
    const dialog = within(screen.getByRole("dialog", { hidden: true }));
    expect(dialog.getByText(/1 group \(ACC-1\) go to whoever runs/)).toBeTruthy();
    const button = dialog.getByRole("button", { name: "Drain trading-service-1", hidden: true });
    expect(button.hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText("Reason, for the record"), { target: { value: "old version" } });
    const message = "the instance has ended";
    vi.stubGlobal("fetch", async () => {
      const data = { drain: { __typename: "Rejected", code: "ILLEGAL_TRANSITION", message } };
      return new Response(JSON.stringify({ data }), { headers: { "content-type": "application/json" } });
    });
    fireEvent.click(button);
    await settle(100);
    expect(dialog.getByRole("alert", { hidden: true }).textContent).toContain("The instance has ended.");
    expect(dialog.getByRole("alert", { hidden: true }).textContent).toContain("ILLEGAL_TRANSITION");
  });
});

describe("the journals of users", () => {
  it("are listed, and the newest events of one are shown, a page at a time", async () => {
    useSession.getState().signedIn({ name: "m.ito", role: "AUDITOR" });
    disconnect = connectTo(new World());
    show(<SystemScreen />, "/system?tab=journals");
    await settle();
    expect(screen.getByTestId("journal-row").textContent).toContain("AEGIS_JOURNAL_LEDGER");
    fireEvent.click(screen.getByRole("button", { name: "ledger" }));
    await settle();
    const shown = () => within(screen.getByRole("table", { name: "Events of ledger" })).getAllByRole("row");
    // Those after the eleventh, beneath the head.
    expect(shown()).toHaveLength(51);
    expect(shown()[1]?.textContent).toContain('{"cents":12,"currency":"CHF"}');
    expect(shown().at(-1)?.textContent).toContain("no readable event: the header ce-type is missing");
    fireEvent.click(screen.getByRole("button", { name: "Earlier" }));
    await settle();
    expect(shown()[1]?.textContent).toContain('{"cents":1,"currency":"CHF"}');
    expect(screen.getByRole("button", { name: "Earlier" }).hasAttribute("disabled")).toBe(true);
    expect(screen.getByRole("button", { name: "Later" }).hasAttribute("disabled")).toBe(false);
  });
});

describe("the feed", () => {
  it("stands still while the page is paused", async () => {
    const world = new World();
    receive(world.events.slice(0, 4), 4);
    await overview(world, "/");
    const shown = () => screen.getAllByTestId("feed-event")[0]?.getAttribute("data-sequence");
    expect(shown()).toBe("4");
    act(() => usePause.getState().toggle());
    act(() => receive(world.events.slice(4, 10), 10));
    await settle();
    expect(shown()).toBe("4");
    act(() => usePause.getState().resume());
    await settle();
    expect(shown()).toBe("10");
  });
});

describe("loading", () => {
  it("shows nothing at first, then a place, then words, then a way out", async () => {
    const retry = vi.fn();
    show(<Loading what="the services" onRetry={retry} />);
    expect(screen.getByRole("status").textContent).toBe("Loading the services");
    await settle(3_100);
    expect(screen.getByText("Still loading the services…")).toBeTruthy();
    await settle(7_000);
    fireEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(retry).toHaveBeenCalled();
  });
});

describe("signing in", () => {
  it("tells why a link did not work", () => {
    show(<SignInScreen reason="code_used" denied={false} onSignedIn={() => {}} />);
    expect(screen.getByRole("alert").textContent).toContain("has been used already");
  });

  it("has the focus in its field, and tells the server's refusal with code and request", async () => {
    vi.useRealTimers();
    const error = {
      code: "UNAUTHENTICATED",
      message: "the token is not known",
      requestId: "r-1",
      retryable: false,
    };
    vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json({ error }, { status: 401 }));
    show(<SignInScreen reason={null} denied={false} onSignedIn={() => {}} />);
    const field = screen.getByLabelText("Access token");
    expect(document.activeElement).toBe(field);
    fireEvent.change(field, { target: { value: "wrong" } });
    fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("The token is not known.");
    expect(alert.textContent).toContain("r-1");
  });
});
