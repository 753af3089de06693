import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { keepDensity } from "@/shared/density/density";
import { keepTheme } from "@/shared/theme/theme";
import { router } from "./router";

keepTheme();
keepDensity();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
);
