import { Link } from "react-router";
import { Empty } from "@/shared/ui/states";

export function NotFoundRoute() {
  return (
    <>
      <title>Not found · Aegis</title>
      <h1 className="sr-only">Not found</h1>
      <Empty title="There is no such page.">
        <Link className="underline" to="/">
          To the overview
        </Link>
      </Empty>
    </>
  );
}
