import type { ComponentType } from "react";
import { createBrowserRouter } from "react-router";
import { base } from "@/shared/url/base";
import { newDefinitionPath } from "@/shared/url/links";
import { Gate } from "./gate";
import { NotFoundRoute } from "./routes/not-found";
import { RouteError } from "./routes/route-error";
import { SignInRoute } from "./routes/sign-in";

/** Each screen is a file of its own, fetched when somebody goes there. */
const screen = (load: () => Promise<{ default: ComponentType }>) => async () => ({
  Component: (await load()).default,
});

export const router = createBrowserRouter(
  [
    { path: "/signin", Component: SignInRoute },
    {
      path: "/",
      Component: Gate,
      children: [
        {
          ErrorBoundary: RouteError,
          // The gate stands before its screen is there, and asks who has come meanwhile.
          HydrateFallback: () => null,
          children: [
            { index: true, lazy: screen(() => import("./routes/overview")) },
            { path: "services/:service", lazy: screen(() => import("./routes/service")) },
            {
              path: "services/:service/instances/:instance",
              lazy: screen(() => import("./routes/instance")),
            },
            { path: "leadership", lazy: screen(() => import("./routes/leadership")) },
            { path: "leadership/:service/:group", lazy: screen(() => import("./routes/group")) },
            { path: "events", lazy: screen(() => import("./routes/events")) },
            { path: "events/:sequence", lazy: screen(() => import("./routes/event")) },
            { path: "definitions", lazy: screen(() => import("./routes/definitions")) },
            { path: newDefinitionPath.slice(1), lazy: screen(() => import("./routes/definition-new")) },
            { path: "definitions/:service", lazy: screen(() => import("./routes/definition")) },
            { path: "definitions/:service/edit", lazy: screen(() => import("./routes/definition-edit")) },
            { path: "dead-letters", lazy: screen(() => import("./routes/dead-letters")) },
            { path: "dead-letters/:sequence", lazy: screen(() => import("./routes/dead-letter")) },
            { path: "audit", lazy: screen(() => import("./routes/audit")) },
            { path: "system", lazy: screen(() => import("./routes/system")) },
            { path: "wall", lazy: screen(() => import("./routes/wall")) },
            { path: "*", Component: NotFoundRoute },
          ],
        },
      ],
    },
  ],
  { basename: base },
);
