/** The path under which everything is, with a slash at both ends: a proxy may serve the page beside others. */
export const base = document.querySelector("base")?.getAttribute("href") ?? "/";

/** The path of something that the server has, which has no slash before it. */
export const at = (path: string): string => `${base}${path}`;
