import { useEffect } from "react";

/** On paper all is dark on white, whatever the theme of the screen. */
export function usePrint(): void {
  useEffect(() => {
    const { dataset } = document.documentElement;
    let shown = dataset["theme"];
    const before = (): void => {
      shown = dataset["theme"];
      dataset["theme"] = "light";
    };
    const after = (): void => {
      if (shown !== undefined) dataset["theme"] = shown;
    };
    window.addEventListener("beforeprint", before);
    window.addEventListener("afterprint", after);
    return () => {
      window.removeEventListener("beforeprint", before);
      window.removeEventListener("afterprint", after);
    };
  }, []);
}
