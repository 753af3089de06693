import { create } from "zustand";

/** Whether the page is being put on paper: lists then show all that they have read, not only what is in sight. */
export const usePrinting = create<{ printing: boolean }>(() => ({ printing: false }));
