import { ShieldCheck } from "lucide-react";
import { SignInForm } from "./sign-in-form";

interface Props {
  reason: string | null;
  /** True when a running session was refused, rather than none begun. */
  denied: boolean;
  onSignedIn: () => void;
}

export function SignInScreen(props: Props) {
  return (
    <main className="flex min-h-screen items-center justify-center p-4">
      <div className="w-88 space-y-3 rounded border border-border bg-card p-5">
        <h1 className="flex items-center gap-2 font-semibold text-page">
          <ShieldCheck aria-hidden="true" className="size-4 text-primary" /> Sign in to Aegis
        </h1>
        <SignInForm {...props} />
      </div>
    </main>
  );
}
