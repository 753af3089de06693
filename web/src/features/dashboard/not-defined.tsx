import { BookX } from "lucide-react";

/**
 * Marks a service without an active definition: on its heading, or on each of its rows where there are no
 * headings. `brief` leaves the word to the title and to screen readers.
 */
export function NotDefined({ brief }: { brief: boolean }) {
  return (
    <span
      className="inline-flex shrink-0 items-center gap-1 rounded-sm border border-warn px-1 align-middle font-normal text-warn text-xs leading-4"
      title="Not defined: no active definition governs this service"
    >
      <BookX aria-hidden="true" className="size-3" />
      <span className={brief ? "sr-only" : undefined}>not defined</span>
    </span>
  );
}
