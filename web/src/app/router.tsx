import { createBrowserRouter } from "react-router";
import { base } from "@/shared/url/base";
import { Gate } from "./gate";
import { NotFoundRoute } from "./routes/not-found";
import { RouteError } from "./routes/route-error";
import { SignInRoute } from "./routes/sign-in";
import { type Load, screens } from "./screens";

const screen = (load: Load) => async () => ({ Component: (await load()).default });

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
            ...Object.entries(screens).map(([path, load]) =>
              path === "" ? { index: true, lazy: screen(load) } : { path, lazy: screen(load) },
            ),
            { path: "*", Component: NotFoundRoute },
          ],
        },
      ],
    },
  ],
  { basename: base },
);
