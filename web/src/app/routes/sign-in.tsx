import { useLocation, useNavigate, useSearchParams } from "react-router";
import { SignInScreen } from "@/features/session";
import { useSession } from "@/shared/session/store";

export function SignInRoute() {
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const { state } = useLocation() as { state: { from?: string } | null };
  const ended = useSession((s) => s.ended);
  const enter = (): void => {
    useSession.getState().reset();
    void navigate(state?.from ?? "/", { replace: true });
  };
  return (
    <>
      <title>Sign in · Aegis</title>
      <SignInScreen reason={params.get("error")} denied={ended} onSignedIn={enter} />
    </>
  );
}
