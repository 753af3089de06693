import { useEffect } from "react";
import { flushSync } from "react-dom";
import { usePrinting } from "@/shared/lib/printing";

/** On paper all is dark on white, whatever the theme of the screen, and lists are whole. */
export function usePrint(): void {
  useEffect(() => {
    const { dataset } = document.documentElement;
    let shown = dataset["theme"];
    const print = (printing: boolean): void => flushSync(() => usePrinting.setState({ printing }));
    const before = (): void => {
      shown = dataset["theme"];
      dataset["theme"] = "light";
      print(true);
    };
    const after = (): void => {
      if (shown !== undefined) dataset["theme"] = shown;
      print(false);
    };
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);
}
