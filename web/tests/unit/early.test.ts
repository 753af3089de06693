import { stringifyDocument } from "@urql/core";
import { describe, expect, it } from "vitest";
import { screenAt, screens } from "@/app/screens";
import { ViewerQuery } from "@/features/session/documents";
import { FIRST_QUESTION } from "@/shared/graphql/early";

describe("what is asked before the page is there", () => {
  it("is what the page would ask first, word for word", () => {
    const query = stringifyDocument(ViewerQuery);
    expect(FIRST_QUESTION).toBe(JSON.stringify({ operationName: "Viewer", query, variables: {} }));
  });

  it("is for the screen that the address names", () => {
    expect(screenAt("")).toBe(screens[""]);
    expect(screenAt("services/trading/instances/trading-1/")).toBe(
      screens["services/:service/instances/:instance"],
    );
    expect(screenAt("definitions/_new")).toBe(screens["definitions/_new"]);
    expect(screenAt("definitions/trading")).toBe(screens["definitions/:service"]);
    expect(screenAt("nowhere/at/all")).toBeNull();
  });
});
