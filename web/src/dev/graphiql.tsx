// GraphiQL, in development only: `vite dev` serves /graphiql.html, and `vite build` leaves it out because
// index.html is its only entry. It uses the session of the page: sign in there first.
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";

const socket = new URL("/graphql/ws", window.location.href);
socket.protocol = socket.protocol.replace("http", "ws");

const fetcher = createGraphiQLFetcher({
  url: "/graphql",
  wsClient: createClient({ url: socket.href }),
});

const root = document.getElementById("root");
if (root) {
  root.style.height = "100vh";
  createRoot(root).render(<GraphiQL fetcher={fetcher} />);
}
