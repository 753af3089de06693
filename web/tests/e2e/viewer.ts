import type { Page } from "@playwright/test";

/** What the server refuses to a viewer: a page that asks it would show errors. */
const REFUSED =
  /\b(asOf\(|eventChange|verification|verifyLog|deadLetters\(|deadLetterGroups|deadLetter\(|streams|storage|consumers\()/;

/** The page as a viewer has it; answers which questions it asked that a viewer may not ask. */
export async function asViewer(page: Page): Promise<string[]> {
  const refused: string[] = [];
  await page.route("**/graphql", async (route) => {
    const body = route.request().postDataJSON() as { operationName?: string; query?: string };
    if (body.operationName === "Viewer") {
      const viewer = { __typename: "Viewer", name: "vera", role: "VIEWER" };
      await route.fulfill({ json: { data: { viewer } } });
      return;
    }
    if (REFUSED.test(body.query ?? "")) refused.push(body.operationName ?? body.query ?? "");
    await route.continue();
  });
  return refused;
}
