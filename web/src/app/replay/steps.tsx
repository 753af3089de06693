import { ChevronFirst, ChevronLast, ChevronLeft, ChevronRight, Pause, Play } from "lucide-react";
import { Button } from "@/components/ui/button";
import { NativeSelect } from "@/components/ui/native-select";
import { cn } from "@/shared/lib/utils";
import { type Pace, paces } from "./player";
import type { Player } from "./use-player";

interface Props {
  at: number | null;
  head: number;
  player: Player;
  onMove: (to: number) => void;
  onPlay: () => void;
}

const paceWord = (pace: Pace): string => (pace === "events" ? "4 events/s" : `${pace}×`);

/** Steps from event to event, and plays. */
export function Steps({ at, head, player, onMove, onPlay }: Props) {
  const now = at ?? 1;
  const steps = [
    { label: "First event", icon: ChevronFirst, to: 1 },
    { label: "Event before", icon: ChevronLeft, to: now - 1 },
    { label: "Event after", icon: ChevronRight, to: now + 1 },
    { label: "Last event", icon: ChevronLast, to: head },
  ];
  const { playing, pace, stopAtMarks } = player;
  const PlayIcon = playing ? Pause : Play;
  const label = playing ? "Stop playing" : "Play";
  return (
    <div className="flex shrink-0 items-center">
      {steps.map(({ label: what, icon: Icon, to }) => (
        <Button
          key={what}
          variant="ghost"
          size="icon"
          aria-label={what}
          title={what}
          // Where there is little room, Home and End do the same.
          className={cn((Icon === ChevronFirst || Icon === ChevronLast) && "max-xl:hidden")}
          disabled={at === null || to < 1 || to > head}
          onClick={() => onMove(to)}
        >
          <Icon aria-hidden="true" />
        </Button>
      ))}
      <Button
        variant="ghost"
        size="icon"
        aria-label={label}
        title={`${label} (space)`}
        disabled={at === null}
        onClick={onPlay}
      >
        <PlayIcon aria-hidden="true" />
      </Button>
      <NativeSelect
        aria-label="Pace"
        title="How fast it plays: four events a second, or so many times as fast as it was"
        className="w-28"
        value={String(pace)}
        onChange={(event) =>
          player.setPace(paces.find((each) => String(each) === event.target.value) ?? "events")
        }
      >
        {paces.map((each) => (
          <option key={each} value={String(each)}>
            {paceWord(each)}
          </option>
        ))}
      </NativeSelect>
      <label
        className="ml-2 flex cursor-pointer items-center gap-1.5 max-xl:sr-only"
        title="Playing stops at losses, handovers, trouble and changed definitions"
      >
        <input
          type="checkbox"
          checked={stopAtMarks}
          onChange={(event) => player.setStopAtMarks(event.target.checked)}
        />
        stop at markers
      </label>
    </div>
  );
}
