import { useNavigate } from "react-router";
import { useTruth } from "@/shared/freshness/truth";
import { looks } from "@/shared/status/look";
import { shownState } from "@/shared/status/shown";
import { words } from "@/shared/status/status";
import { useNow } from "@/shared/time/clock";
import { useWidth } from "@/shared/ui/use-width";
import { servicePath, useKeeping } from "@/shared/url/links";
import { edgePath, type Place, placesOf } from "./map-places";
import type { Neighbours } from "./neighbours";

/** A letter of the names and of the small print, on average. */
const NAME_PX = 7;
const SMALL_PX = 6;

/** Who calls this service, and whom it calls, with what is wrong on the node where it is. The table beside it says the same. */
export function DependencyMap({ near }: { near: Neighbours }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { places, height } = placesOf(near, width);
  const own = places.find(({ side }) => side === "own");
  return (
    <div ref={box} className="min-w-0 overflow-hidden p-3 max-sm:hidden" data-testid="dependency-map">
      {own && width > 0 && (
        <svg width={width - 24} height={height} className="block" aria-hidden="true">
          <defs>
            <marker
              id="call-end"
              viewBox="0 0 8 8"
              refX="8"
              refY="4"
              markerUnits="userSpaceOnUse"
              markerWidth="9"
              markerHeight="9"
              orient="auto"
            >
              <path d="M0 0L8 4L0 8z" className="fill-muted-foreground" />
            </marker>
          </defs>
          {places
            .filter(({ side }) => side !== "own")
            .map((place) => (
              <path
                key={`${place.side} ${place.of.name}`}
                d={place.side === "usedBy" ? edgePath(place, own) : edgePath(own, place)}
                fill="none"
                strokeWidth={place.of.needs ? 2 : 1.25}
                strokeDasharray={place.of.needs ? "6 3" : undefined}
                markerEnd="url(#call-end)"
                className={place.of.needs ? "stroke-bad" : "stroke-muted-foreground"}
              />
            ))}
          {places.map((place) => (
            <Node key={`${place.side} ${place.of.name}`} place={place} />
          ))}
        </svg>
      )}
    </div>
  );
}

function Node({ place: { of, side, x, y, wide, high } }: { place: Place }) {
  const truth = useTruth();
  const now = useNow();
  const navigate = useNavigate();
  const keeping = useKeeping();
  const { name, status, needs, cause } = of;
  const shown = status === null ? null : shownState({ status, lastBeatAt: null }, truth, now);
  const { icon: Icon, tone } = looks[shown?.status ?? "UNKNOWN"];
  const word = shown === null ? "Not known here" : words[shown.status];
  // What is wrong names the state itself.
  const text = shown?.was
    ? `Unknown, was ${words[shown.was].toLowerCase()}`
    : needs
      ? cause
      : `${word} · ${cause}`;
  const room = wide - 34;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for pointers; the table below has the links
    <g
      data-testid="dependency-node"
      data-service={name}
      data-needs={needs}
      className={side === "own" ? undefined : "cursor-pointer"}
      onClick={() => side !== "own" && void navigate(keeping(servicePath(name)))}
    >
      <title>{`${name}: ${text}`}</title>
      <rect
        x={x}
        y={y}
        width={wide}
        height={high}
        rx="4"
        strokeWidth={needs ? 2 : 1}
        className={
          needs
            ? "fill-bad-soft stroke-bad"
            : side === "own"
              ? "fill-selected stroke-primary"
              : "fill-card stroke-input"
        }
      />
      <Icon x={x + 8} y={y + 8} width={14} height={14} className={tone} />
      <text x={x + 28} y={y + 19} className="fill-foreground font-medium text-xs">
        {cut(name, room / NAME_PX)}
      </text>
      <text
        x={x + 28}
        y={y + 36}
        className={needs ? "fill-foreground text-axis" : "fill-muted-foreground text-axis"}
      >
        {cut(text, room / SMALL_PX)}
      </text>
    </g>
  );
}

const cut = (text: string, letters: number): string =>
  text.length > letters ? `${text.slice(0, Math.max(1, Math.floor(letters) - 1))}…` : text;
