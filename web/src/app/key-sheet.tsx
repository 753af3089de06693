import { Dialog } from "@/components/ui/dialog";
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
  ["z", "Switch between UTC and local time"],
  ["[ ]", "Previous and next tab"],
  ["?", "This sheet"],
];

export default function KeySheet({ onClose }: { onClose: () => void }) {
  const all: [string, string][] = [
    ...keys,
    ...places.map(({ key, label }): [string, string] => [`g ${key}`, `Go to ${label}`]),
  ];
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
    </Dialog>
  );
}
