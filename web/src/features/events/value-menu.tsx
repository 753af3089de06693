import { Copy, ListFilter, ListX } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { create } from "zustand";
import { Button } from "@/components/ui/button";
import { excluding, type Field, fieldWord, including, mayExclude, wordsOf } from "./value-filters";
import type { Filter } from "./view-state";

interface Asked {
  field: Field;
  value: string;
  anchor: HTMLElement;
}

/** The one value whose menu is open: hundreds of rows share it. */
const useAsked = create<{ asked: Asked | null }>(() => ({ asked: null }));

interface ButtonProps {
  field: Field;
  value: string;
  /** In a row it comes with the pointer; keys reach it in the detail. */
  inRow?: boolean;
}

/** Opens what can be done with a value: only these, none of these, copy. */
export function ValueButton({ field, value, inRow = false }: ButtonProps) {
  return (
    <button
      type="button"
      tabIndex={inRow ? -1 : 0}
      aria-haspopup="menu"
      aria-label={`Filter by ${fieldWord[field].toLowerCase()} ${wordsOf(field, value)}`}
      title="Filter by this"
      className={
        inRow
          ? "absolute top-0.5 right-0 flex size-6 cursor-pointer items-center justify-center rounded-sm bg-card opacity-0 hover:bg-selected group-hover:opacity-100"
          : "inline-flex size-6 shrink-0 cursor-pointer items-center justify-center rounded-sm align-middle hover:bg-accent"
      }
      onClick={(event) => {
        event.stopPropagation();
        useAsked.setState({ asked: { field, value, anchor: event.currentTarget } });
      }}
    >
      <ListFilter aria-hidden="true" className="size-3 text-muted-foreground" />
    </button>
  );
}

interface MenuProps {
  view: Filter;
  onFilter: (change: Partial<Filter>) => void;
}

const WIDTH = 224;
const HEIGHT = 104;

export function ValueMenu({ view, onFilter }: MenuProps) {
  const asked = useAsked((s) => s.asked);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!asked) return;
    ref.current?.querySelector("button")?.focus();
    const close = (event: Event): void => {
      if (!ref.current?.contains(event.target as Node)) useAsked.setState({ asked: null });
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("scroll", close, true);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("scroll", close, true);
    };
  }, [asked]);
  if (!asked) return null;
  const { field, value, anchor } = asked;
  const done = (act: () => void) => () => {
    act();
    useAsked.setState({ asked: null });
    anchor.focus();
  };
  const box = anchor.getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, window.innerWidth - WIDTH - 8));
  const top = box.bottom + HEIGHT > window.innerHeight ? box.top - HEIGHT : box.bottom + 2;
  return (
    <div
      ref={ref}
      role="menu"
      tabIndex={-1}
      aria-label={`${fieldWord[field]} ${wordsOf(field, value)}`}
      style={{ left, top, width: WIDTH }}
      className="fixed z-50 flex flex-col rounded-sm border border-border bg-popover p-1 shadow-md"
      onKeyDown={(event) => {
        const items = [...(ref.current?.querySelectorAll("button") ?? [])];
        const at = items.indexOf(document.activeElement as HTMLButtonElement);
        if (event.key === "Escape") done(() => {})();
        else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
        else if (event.key === "ArrowUp") items[(at + items.length - 1) % items.length]?.focus();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <p className="truncate px-2 py-0.5 text-muted-foreground text-xs" title={value}>
        {wordsOf(field, value)}
      </p>
      <Item onClick={done(() => onFilter(including(view, field, value)))}>
        <ListFilter aria-hidden="true" /> Only these
      </Item>
      {mayExclude(field) && (
        <Item onClick={done(() => onFilter(excluding(view, field, value)))}>
          <ListX aria-hidden="true" /> None of these
        </Item>
      )}
      <Item onClick={done(() => void navigator.clipboard?.writeText(value))}>
        <Copy aria-hidden="true" /> Copy
      </Item>
    </div>
  );
}

function Item({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <Button variant="ghost" role="menuitem" className="justify-start px-2 font-normal" onClick={onClick}>
      {children}
    </Button>
  );
}
