import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import * as z from "zod";
import { router } from "@/app/router";
import { applyTheme, useTheme } from "@/shared/theme/theme";
import "./styles.css";

// The page may not evaluate strings as code.
z.config({ jitless: true });
applyTheme(useTheme.getState().theme);

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
);
