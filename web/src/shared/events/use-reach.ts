import { type RefObject, useEffect, useRef } from "react";

/** So far before the end of a list is seen, more is asked for. */
const AHEAD_PX = 2_000;
/** So often in a row without a scroll: a list that stays short, whatever comes, is not read to its beginning. */
const UNSCROLLED = 5;

/** Calls `reach` when the end of a list comes near what is seen of it, as long as `more` is wanted. */
export function useReach(end: RefObject<HTMLElement | null>, more: boolean, reach: () => void): void {
  const left = useRef(UNSCROLLED);
  const call = useRef(reach);
  useEffect(() => {
    call.current = reach;
  });
  useEffect(() => {
    const last = end.current;
    const scroller = last?.closest("section");
    if (!more || !last || !scroller) return;
    const near = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting || left.current === 0) return;
        left.current -= 1;
        call.current();
      },
      { root: scroller, rootMargin: `${AHEAD_PX}px 0px` },
    );
    const scrolled = (): void => {
      if (left.current === 0) {
        // Told once more whether it is near.
        near.unobserve(last);
        near.observe(last);
      }
      left.current = UNSCROLLED;
    };
    near.observe(last);
    scroller.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      near.disconnect();
      scroller.removeEventListener("scroll", scrolled);
    };
  }, [end, more]);
}
