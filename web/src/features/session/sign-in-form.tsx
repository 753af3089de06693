import { CircleAlert } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import type { AppError } from "@/shared/graphql/errors";
import { sentence } from "@/shared/ui/states";
import { signIn } from "./api";

/** Why the operator is here, by the `error` parameter of the address. */
const reasons: Record<string, string> = {
  code_used:
    "This sign-in link has been used already. Each link works once: ask for a new one, or use a token.",
  code_expired: "This sign-in link has expired. Ask for a new one, or use a token.",
};

interface Props {
  reason: string | null;
  /** True when a running session was refused, rather than none begun. */
  denied: boolean;
  onSignedIn: () => void;
}

/** Trades a token for a session. */
export function SignInForm({ reason, denied, onSignedIn }: Props) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const [token, setToken] = useState("");
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<AppError | null>(null);
  const told = reason ? (reasons[reason] ?? "This sign-in link is not valid.") : null;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setPending(true);
    setError(null);
    const failed = await signIn(token.trim());
    setPending(false);
    if (failed) setError(failed);
    else onSignedIn();
  };

  return (
    <form className="space-y-3" onSubmit={submit}>
      {denied && !told && <p className="text-warn">Access denied: your session has ended or was revoked.</p>}
      {told && (
        <p role="alert" className="text-warn">
          {told}
        </p>
      )}
      <div className="space-y-1">
        <label htmlFor="token" className="block text-muted-foreground">
          Access token
        </label>
        <Input
          id="token"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          required
          ref={field}
          value={token}
          aria-invalid={error !== null}
          aria-describedby={error ? "token-error" : undefined}
          onChange={(event) => setToken(event.target.value)}
        />
      </div>
      {error && (
        <div id="token-error" role="alert" className="flex gap-1.5 text-bad">
          <CircleAlert aria-hidden="true" className="mt-0.5 size-3.5 shrink-0" />
          <span>
            {sentence(error.message)}
            <span className="block text-xs">
              {error.code}
              {error.requestId && ` · request ${error.requestId}`}
            </span>
          </span>
        </div>
      )}
      <Button type="submit" className="w-full" disabled={pending || token.trim() === ""}>
        {pending ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
