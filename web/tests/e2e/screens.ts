import type { Page } from "@playwright/test";
import { expect } from "./fixtures";

/** Each screen, and what has to be there before it is looked at. */
export const screens: { path: string; ready: (page: Page) => Promise<void> }[] = [
  { path: "/", ready: (page) => expect(page.getByTestId("service-row").first()).toBeVisible() },
  {
    path: "/?view=instances&peek=trading-service%2Ftrading-service-2",
    ready: (page) => expect(page.getByRole("complementary", { name: /^Instance/ })).toContainText("Version"),
  },
  {
    path: "/services/trading-service",
    ready: (page) => expect(page.getByRole("figure", { name: "Latency" }).locator("canvas")).toBeVisible(),
  },
  {
    path: "/services/trading-service?tab=instances",
    ready: (page) => expect(page.getByTestId("instance-row").first()).toBeVisible(),
  },
  {
    path: "/services/algo-service?tab=methods",
    ready: (page) => expect(page.getByTestId("method-row").first()).toBeVisible(),
  },
  {
    path: "/services/algo-service?tab=dependencies",
    ready: (page) => expect(page.getByTestId("dependency-row").first()).toBeVisible(),
  },
  {
    path: "/services/trading-service?tab=compare&compare=instances",
    ready: (page) => expect(page.getByTestId("difference").first()).toBeVisible(),
  },
  {
    path: "/services/trading-service/instances/trading-service-2",
    ready: (page) => expect(page.getByRole("figure", { name: "Memory" }).locator("canvas")).toBeVisible(),
  },
  {
    path: "/services/trading-service/instances/trading-service-2?tab=configuration",
    ready: (page) => expect(page.getByRole("columnheader", { name: "Setting" })).toBeVisible(),
  },
  { path: "/leadership", ready: (page) => expect(page.getByTestId("group-row").first()).toBeVisible() },
  {
    path: "/leadership/trading-service/ACC-1",
    ready: (page) => expect(page.getByTestId("term-row").first()).toBeVisible(),
  },
  { path: "/events", ready: (page) => expect(page.getByTestId("event-row").first()).toBeVisible() },
  {
    path: "/events/5",
    ready: (page) => expect(page.getByRole("heading", { name: "Payload" })).toBeVisible(),
  },
  { path: "/?at=s10", ready: (page) => expect(page.getByTestId("service-row").first()).toBeVisible() },
  {
    path: "/events?event=5&top=5&not.kind=LEADERSHIP",
    ready: (page) =>
      expect(page.getByRole("complementary", { name: "Event detail" })).toContainText("Payload"),
  },
  { path: "/definitions", ready: (page) => expect(page.getByTestId("definition-row").first()).toBeVisible() },
  {
    path: "/definitions/axe-desk",
    ready: (page) => expect(page.getByTestId("revision").first()).toBeVisible(),
  },
  { path: "/definitions/axe-desk/edit", ready: (page) => expect(page.getByLabel("Team")).toBeVisible() },
  { path: "/definitions/_new", ready: (page) => expect(page.getByLabel("Team")).toBeVisible() },
  {
    path: "/dead-letters",
    ready: (page) => expect(page.getByText(/letters? there are|No message waits/)).toBeVisible(),
  },
  { path: "/audit", ready: (page) => expect(page.getByLabel("Filter the audit")).toBeVisible() },
  {
    path: "/system",
    ready: (page) => expect(page.getByRole("heading", { name: "This replica" })).toBeVisible(),
  },
  {
    path: "/system?tab=leases",
    ready: (page) => expect(page.getByTestId("lease-store")).toContainText("current"),
  },
  {
    path: "/system?tab=streams",
    ready: (page) => expect(page.getByTestId("stream-row").first()).toBeVisible(),
  },
  {
    path: "/?at=s5&vs=now",
    ready: (page) => expect(page.getByTestId("differences")).toBeVisible(),
  },
  {
    path: "/services/trading-service/instances/trading-service-2?tab=configuration&left=now&right=%40trading-service-1",
    ready: (page) => expect(page.getByTestId("side-by-side").first()).toBeVisible(),
  },
  { path: "/system?tab=findings", ready: (page) => expect(page.getByRole("tabpanel")).not.toBeEmpty() },
  { path: "/signin?error=code_used", ready: (page) => expect(page.getByRole("alert")).toBeVisible() },
];
