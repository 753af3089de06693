import { Bookmark, ChevronDown, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { useAddress } from "@/shared/url/use-address";
import { type SavedView, searchOf, useSavedViews } from "./store";

interface Props {
  /** The path of the screen. */
  screen: string;
  presets: readonly SavedView[];
  /** Keys of the address that no view keeps: what is looked at just now. */
  passing: readonly string[];
}

/** Goes to a view by its name, and saves the present one under a new name. */
export function ViewsMenu({ screen, presets, passing }: Props) {
  const [params, setParams] = useAddress();
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const saved = useSavedViews((s) => s.views[screen] ?? none);
  const { save, remove } = useSavedViews.getState();
  const search = searchOf(params, passing);
  const current = [...saved, ...presets].find((view) => view.search === search);
  const choose = (view: SavedView) => () => {
    // What is looked at may be of the past: a view does not go back to now.
    setParams((now) => {
      const next = new URLSearchParams(view.search);
      const at = now.get("at");
      if (at !== null && !next.has("at")) next.set("at", at);
      return next;
    });
    setOpen(false);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save(screen, { name: name.trim(), search });
    setName("");
    setOpen(false);
  };
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button
          variant="outline"
          className="max-w-44 font-normal"
          aria-label={`Views: ${current?.name ?? "unnamed"}`}
        >
          <Bookmark aria-hidden="true" />
          <span className="truncate max-lg:sr-only">{current?.name ?? "Views"}</span>
          <ChevronDown aria-hidden="true" />
        </Button>
      </PopoverTrigger>
      <PopoverContent aria-label="Views" className="w-72">
        <ul>
          {[...presets, ...saved].map((view) => (
            <li key={view.name} className="flex items-center">
              <button
                type="button"
                aria-pressed={view === current}
                className="flex h-7 min-w-0 flex-1 cursor-pointer items-center truncate rounded-sm px-2 text-left hover:bg-accent aria-pressed:bg-selected aria-pressed:font-medium"
                onClick={choose(view)}
              >
                {view.name}
              </button>
              {!presets.includes(view) && (
                <Button
                  variant="ghost"
                  size="icon"
                  aria-label={`Remove the view ${view.name}`}
                  onClick={() => remove(screen, view.name)}
                >
                  <Trash2 aria-hidden="true" />
                </Button>
              )}
            </li>
          ))}
        </ul>
        <form className="mt-1 flex gap-1 border-border border-t pt-2" onSubmit={submit}>
          <Input
            aria-label="Name of this view"
            placeholder="Save this view as"
            maxLength={60}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Button type="submit" disabled={name.trim() === ""}>
            Save
          </Button>
        </form>
      </PopoverContent>
    </Popover>
  );
}

const none: readonly SavedView[] = [];
