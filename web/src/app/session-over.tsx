import { useNavigate } from "react-router";
import { Dialog } from "@/components/ui/dialog";
import { loadViewer, SignInForm } from "@/features/session";

/** Over the page of a session that has ended: signing in again goes on where one was. */
export function SessionOver() {
  const navigate = useNavigate();
  return (
    <Dialog title="Sign in again" onClose={() => void navigate("/signin")} className="w-96">
      <SignInForm reason={null} denied onSignedIn={() => void loadViewer()} />
    </Dialog>
  );
}
