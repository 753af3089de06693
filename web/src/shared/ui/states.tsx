import { CircleAlert, Inbox, Lock } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import type { AppError } from "@/shared/graphql/errors";
import { type Role, roleWord } from "@/shared/session/store";

function Frame({ children, role }: { children: ReactNode; role?: "status" | "alert" }) {
  return (
    <div role={role} className="flex flex-1 flex-col items-center justify-center gap-2 p-8 text-center">
      {children}
    </div>
  );
}

/** How long one waits before a skeleton, before words, and before another way is offered. */
const STEPS_MS = [150, 3_000, 10_000];

interface LoadingProps {
  what: string;
  rows?: number;
  onRetry?: () => void;
}

/** Nothing at first, then the place of what comes, then words, then a way out. */
export function Loading({ what, rows = 6, onRetry }: LoadingProps) {
  const [step, setStep] = useState(0);
  useEffect(() => {
    const timers = STEPS_MS.map((ms, index) => setTimeout(() => setStep(index + 1), ms));
    return () => {
      for (const timer of timers) clearTimeout(timer);
    };
  }, []);
  return (
    <div role="status" className="flex min-h-24 flex-1 flex-col p-3">
      <span className="sr-only">Loading {what}</span>
      {step >= 1 && (
        <span aria-hidden="true" className="flex flex-col gap-px">
          {Array.from({ length: rows }, (_, row) => `row ${row}`).map((row) => (
            <span key={row} className="flex h-7 items-center">
              <span className="h-2.5 w-full rounded-sm bg-muted" />
            </span>
          ))}
        </span>
      )}
      {step >= 2 && <p className="pt-2 text-center text-muted-foreground">Still loading {what}…</p>}
      {step >= 3 && onRetry && (
        <Button variant="outline" className="mx-auto mt-2" onClick={onRetry}>
          Retry
        </Button>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Frame>
      <Inbox aria-hidden="true" className="size-4 text-muted-foreground" />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-prose text-muted-foreground">{children}</div>}
    </Frame>
  );
}

export function Denied({ needs, is }: { needs: Role; is: Role | null }) {
  return (
    <Frame role="alert">
      <Lock aria-hidden="true" className="size-4 text-muted-foreground" />
      <p className="font-medium">
        Needs {roleWord[needs]}
        {is && `, you are ${roleWord[is]}`}.
      </p>
      <p className="text-muted-foreground">Whoever gives out the access tokens can give you another role.</p>
    </Frame>
  );
}

/** A message as a sentence: with a capital and a full stop. */
export function sentence(message: string): string {
  const text = message.trim();
  if (text === "") return text;
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`;
}

/** An error beside what it is about: the same words as `ErrorView`, in little room. */
export function Problem({ error, onRetry }: { error: AppError; onRetry?: () => void }) {
  return (
    <p role="alert" className="flex items-center gap-2 rounded-sm bg-bad-soft px-2 py-1 text-bad text-xs">
      <span className="min-w-0 flex-1">
        {sentence(error.message)}{" "}
        <span className="font-mono">
          {error.code}
          {error.requestId && ` · ${error.requestId}`}
        </span>
      </span>
      {onRetry && (
        <button type="button" className="cursor-pointer font-medium underline" onClick={onRetry}>
          Retry
        </button>
      )}
    </p>
  );
}

export function ErrorView({ error, onRetry }: { error: AppError; onRetry?: () => void }) {
  return (
    <Frame role="alert">
      <CircleAlert aria-hidden="true" className="size-4 text-bad" />
      <p className="font-medium">{sentence(error.message)}</p>
      <dl className="flex gap-3 text-muted-foreground text-xs">
        <div className="flex gap-1">
          <dt>Code</dt>
          <dd className="font-mono">{error.code}</dd>
        </div>
        {error.requestId && (
          <div className="flex gap-1">
            <dt>Request</dt>
            <dd className="select-all font-mono">{error.requestId}</dd>
          </div>
        )}
      </dl>
      {onRetry && (
        <Button variant="outline" onClick={onRetry}>
          Retry
        </Button>
      )}
    </Frame>
  );
}
