import { createBrowserRouter } from "react-router";
import { base } from "@/shared/url/base";
import { Gate } from "./gate";
import { DashboardRoute } from "./routes/dashboard";
import { EventsRoute } from "./routes/events";
import { NotFoundRoute } from "./routes/not-found";
import { SignInRoute } from "./routes/sign-in";

export const router = createBrowserRouter(
  [
    { path: "/signin", Component: SignInRoute },
    {
      path: "/",
      Component: Gate,
      children: [
        { index: true, Component: DashboardRoute },
        { path: "events", Component: EventsRoute },
        { path: "*", Component: NotFoundRoute },
      ],
    },
  ],
  { basename: base },
);
