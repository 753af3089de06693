import { useEffect } from "react";
import { Outlet, useNavigate } from "react-router";
import { signOut } from "@/features/session";
import { useSession } from "@/shared/session/store";
import { LiveRegion } from "@/shared/ui/announcer";
import { Banner } from "./banner";
import { goLive } from "./live";
import { Nav } from "./nav";
import { pollSystem } from "./system";
import { TopBar } from "./top-bar";

/** Mounted while somebody is signed in: the live connection lives as long as it. */
export function Shell() {
  useEffect(goLive, []);
  useEffect(pollSystem, []);
  const navigate = useNavigate();
  const leave = async (): Promise<void> => {
    if (await signOut()) return;
    // In this order: without a session the gate would ask again who is there.
    await navigate("/signin");
    useSession.getState().reset();
  };
  return (
    <div className="flex h-screen flex-col">
      <TopBar onSignOut={() => void leave()} />
      <Banner />
      <div className="flex min-h-0 flex-1">
        <Nav />
        <main className="flex min-h-0 min-w-0 flex-1 flex-col overflow-auto">
          <Outlet />
        </main>
      </div>
      <LiveRegion />
    </div>
  );
}
