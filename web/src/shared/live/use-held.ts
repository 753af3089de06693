import { useRef } from "react";
import { usePaused } from "./pause";

/** The value as it was when the page was paused, as long as it is. */
export function useHeld<T>(value: T): T {
  const paused = usePaused();
  const held = useRef(value);
  if (!paused) held.current = value;
  return held.current;
}
