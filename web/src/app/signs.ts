import { useEffect } from "react";
import { useAttentionItems } from "@/shared/attention/use-items";
import calm from "./favicon.svg";
import alarmed from "./favicon-alarmed.svg";

/** Says in the title and the icon of the tab how much needs somebody. */
export function useSigns(): void {
  const count = useAttentionItems().filter((item) => item.severity !== "healed" && !item.acknowledged).length;
  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon) icon.href = count > 0 ? alarmed : calm;
    const titled = (): void => {
      const bare = document.title.replace(/^\(\d+\) /, "");
      const wanted = count > 0 ? `(${count}) ${bare}` : bare;
      if (document.title !== wanted) document.title = wanted;
    };
    titled();
    // Each screen sets a title of its own when it comes.
    const observer = new MutationObserver(titled);
    observer.observe(document.head, { childList: true, subtree: true, characterData: true });
    return () => observer.disconnect();
  }, [count]);
}
