import type { Page } from "@playwright/test";

/** A name of its own for each run: the log keeps all definitions. */
export const unique = (): string => `e2e-${Date.now().toString(36)}`;

async function change(page: Page, kind: string, input: object): Promise<string> {
  const name = kind.toLowerCase();
  const query = `mutation ($input: ${kind}Input!) { ${name}(input: $input) { __typename } }`;
  const response = await page.request.post("/graphql", { data: { query, variables: { input } } });
  return JSON.stringify(await response.json());
}

/** Defines a service as somebody else would, beside the page, so that something is recorded; answers its name. */
export async function define(
  page: Page,
  over: {
    service?: string;
    owner?: string;
    reason?: string;
    minInstances?: number;
    p99LimitMs?: number;
    errorLimitPercent?: number;
  } = {},
): Promise<string> {
  const service = over.service ?? unique();
  await change(page, "Define", {
    owner: "Desk",
    description: "Sends orders",
    version: "1.0.0",
    reason: "a test",
    ...over,
    service,
  });
  return service;
}

/** Amends it likewise; it must be taken. */
export async function amend(page: Page, input: Record<string, unknown>): Promise<void> {
  const told = await change(page, "Amend", input);
  if (!told.includes("DefinitionChanged")) throw new Error(told);
}
