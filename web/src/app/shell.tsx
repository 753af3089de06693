import { lazy, Suspense, useEffect, useState } from "react";
import { Outlet, useLocation, useNavigate } from "react-router";
import { signOut } from "@/features/session";
import { cn } from "@/shared/lib/utils";
import { mayAs, useSession } from "@/shared/session/store";
import { LiveRegion } from "@/shared/ui/announcer";
import { NoticeStack } from "@/shared/ui/notice";
import { useMoment } from "@/shared/url/moment";
import { BackStrip } from "./back-strip";
import { TopBar } from "./bar/top-bar";
import { goLive } from "./live";
import { PastDenied } from "./past-denied";
import { PrintHead } from "./print-head";
import { Rail } from "./rail";
import { useSigns } from "./signs";
import { Strips } from "./strips";
import { usePrint } from "./use-print";
import { useShellKeys } from "./use-shell-keys";

const Palette = lazy(() => import("./palette/palette"));
const ReplayBar = lazy(() => import("./replay/replay-bar"));
const KeySheet = lazy(() => import("./key-sheet"));

type Over = "palette" | "keys" | null;

/** Mounted while somebody is signed in: the live connection lives as long as it. */
export function Shell() {
  const epoch = useSession((s) => s.epoch);
  // Each session has a connection of its own.
  useEffect(goLive, [epoch]);
  useSigns();
  usePrint();
  const wall = useLocation().pathname === "/wall";
  const [over, setOver] = useState<Over>(null);
  const [menu, setMenu] = useState(false);
  const moment = useMoment();
  const denied = useSession((s) => moment !== null && s.viewer !== null && !mayAs(s.viewer, "AUDITOR"));
  useShellKeys({ onPalette: () => setOver("palette"), onSheet: () => setOver("keys") });
  const navigate = useNavigate();
  const leave = async (): Promise<void> => {
    if (await signOut()) return;
    // In this order: without a session the gate would ask again who is there.
    await navigate("/signin");
    useSession.getState().reset();
  };
  return (
    <div className={cn("flex h-screen flex-col", moment !== null && "border-2 border-inverse")}>
      <button
        type="button"
        className="fixed top-1 left-1 z-50 -translate-y-16 rounded bg-primary px-3 py-1.5 text-primary-foreground focus:translate-y-0"
        onClick={() => document.getElementById("content")?.focus()}
      >
        Skip to content
      </button>
      <PrintHead />
      {!wall && (
        <TopBar
          onMenu={() => setMenu((open) => !open)}
          onSearch={() => setOver("palette")}
          onSignOut={() => void leave()}
        />
      )}
      <div className="relative flex min-h-0 flex-1">
        {!wall && <Rail open={menu} onLeave={() => setMenu(false)} />}
        <div className="relative flex min-w-0 flex-1 flex-col">
          <main
            id="content"
            tabIndex={-1}
            className="flex min-h-0 min-w-0 flex-1 flex-col overflow-auto -outline-offset-2"
          >
            {denied ? <PastDenied /> : <Outlet />}
          </main>
          <Strips />
          <BackStrip />
        </div>
      </div>
      {moment !== null && !denied && (
        <Suspense fallback={<div className="h-21 shrink-0" />}>
          <ReplayBar moment={moment} />
        </Suspense>
      )}
      <NoticeStack />
      <LiveRegion />
      <Suspense fallback={null}>
        {over === "palette" && <Palette onClose={() => setOver(null)} onSheet={() => setOver("keys")} />}
        {over === "keys" && <KeySheet onClose={() => setOver(null)} />}
      </Suspense>
    </div>
  );
}
