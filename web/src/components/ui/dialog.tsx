import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { cn } from "@/shared/lib/utils";
import { Button } from "./button";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
}

/**
 * A modal dialog. The browser's own: it keeps the focus and covers what is behind it without a style element, which the
 * content security policy of the page would refuse.
 */
export function Dialog({ title, onClose, children, className }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    // What is to be filled in first, rather than the button that closes.
    dialog?.querySelector<HTMLElement>("input, select, textarea")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      className={cn(
        "fixed top-24 right-0 left-0 m-0 mx-auto flex max-h-[calc(100vh-8rem)] w-[32rem] max-w-[calc(100vw-1rem)] flex-col rounded border border-border bg-card p-0 text-foreground shadow-lg",
        className,
      )}
    >
      <header className="flex h-10 shrink-0 items-center gap-2 border-border border-b pr-1.5 pl-4">
        <h2 id={id} className="min-w-0 truncate font-semibold text-panel">
          {title}
        </h2>
        <Button variant="ghost" size="icon" className="ml-auto" aria-label="Close" onClick={onClose}>
          <X aria-hidden="true" />
        </Button>
      </header>
      <div className="min-h-0 overflow-auto p-4">{children}</div>
    </dialog>
  );
}
