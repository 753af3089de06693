"""What every answer must be, beside what schemathesis itself looks at."""

import pathlib
import re

import schemathesis

ERRORS = pathlib.Path(__file__).parents[2] / "docs" / "errors.md"
CODES = set(re.findall(r'<a id="([A-Z_]+)">', ERRORS.read_text()))


def look_at(extensions):
    code = extensions.get("code")
    assert code in CODES, f"{code} is no code of docs/errors.md"
    assert code != "INTERNAL", "a defect"
    assert extensions.get("requestId"), "an error has the id of its request"


@schemathesis.check
def errors_have_stable_codes(ctx, response, case):
    """Each error has a code of the catalogue, which is not that of a defect, and the id of its request."""
    kind = response.headers.get("content-type", [""])[0]
    if kind.startswith("application/problem+json"):
        look_at(response.json())
    if case.path.endswith("/graphql"):
        assert response.status_code in (200, 400), f"GraphQL answers with {response.status_code}"
        for error in response.json().get("errors", []):
            look_at(error["extensions"])
