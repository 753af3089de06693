import { useLocation, useNavigate, useSearchParams } from "react-router";
import { SignInScreen } from "@/features/session";
import { useSession } from "@/shared/session/store";

export function SignInRoute() {
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const { state } = useLocation() as { state: { from?: string } | null };
  const status = useSession((s) => s.status);
  const enter = (): void => {
    useSession.getState().reset();
    void navigate(state?.from ?? "/", { replace: true });
  };
  return (
    <>
      <title>Sign in · Aegis</title>
      <SignInScreen
        reason={params.get("error")}
        denied={status === "denied" && state?.from !== "/"}
        onSignedIn={enter}
      />
    </>
  );
}
