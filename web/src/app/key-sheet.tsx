import { Dialog } from "@/components/ui/dialog";
import { Toggle } from "@/components/ui/toggle";
import { useSingleKeys } from "@/shared/keys/store";
import { places } from "./rooms";

const keys: [string, string][] = [
  ["Ctrl K", "Search and go anywhere"],
  ["/", "Filter this list"],
  ["j, k", "Next and previous row"],
  ["Enter", "Look at a row"],
  ["o", "Open what a row is about"],
  ["Esc", "Close"],
  ["p", "Pause and resume the page"],
  ["r", "Look at the past, and back"],
  ["t", "Choose the time range"],
  ["y", "Copy the link"],
  ["z", "Switch between UTC and local time"],
  ["[ ]", "Previous and next tab"],
  ["?", "This sheet"],
];

export default function KeySheet({ onClose }: { onClose: () => void }) {
  const all: [string, string][] = [
    ...keys,
    ...places.map(({ key, label }): [string, string] => [`g ${key}`, `Go to ${label}`]),
  ];
  const { on, toggle } = useSingleKeys();
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="grid grid-cols-[6rem_1fr] gap-y-1">
        {all.map(([key, what]) => (
          <div key={key} className="contents">
            <dt className="font-mono text-xs">{key}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="mt-3 flex items-center gap-2">
        <Toggle pressed={on} onClick={toggle}>
          Single keys
        </Toggle>
        <span className="text-muted-foreground">
          {on ? "They act wherever nobody types." : "Only Ctrl K acts; it leads back here, too."}
        </span>
      </p>
    </Dialog>
  );
}
