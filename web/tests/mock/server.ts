import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { graphql } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { rootOf, schema } from "./schema";
import { serveStatic } from "./static";
import type { World } from "./world";

const COOKIE = "aegis_session=mock";

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
}

function refuse(response: ServerResponse, message: string): void {
  const error = { code: "UNAUTHENTICATED", message, requestId: "mock-request", retryable: false };
  response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}

const signedIn = (request: IncomingMessage): boolean => (request.headers.cookie ?? "").includes(COOKIE);

/** The HTTP and websocket face of a world, as the control plane has it. */
export function createMockServer(world: World, token: string): Server {
  let codeUsed = false;
  const root = rootOf(world);

  const api = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://mock");
    const route = `${request.method} ${url.pathname}`;
    if (route === "POST /api/session") {
      if ((await bodyOf(request))["token"] !== token) return refuse(response, "The token is not known.");
      response.writeHead(204, { "set-cookie": `${COOKIE}; HttpOnly; SameSite=Strict; Path=/` }).end();
    } else if (route === "DELETE /api/session") {
      response.writeHead(204, { "set-cookie": "aegis_session=; Max-Age=0; Path=/" }).end();
    } else if (route === "GET /login") {
      const location = codeUsed ? "/signin?error=code_used" : "/";
      const cookie = codeUsed ? {} : { "set-cookie": `${COOKIE}; HttpOnly; SameSite=Strict; Path=/` };
      codeUsed = true;
      response.writeHead(303, { location, ...cookie }).end();
    } else if (route === "POST /graphql") {
      if (!signedIn(request)) return refuse(response, "Sign in first.");
      const { query, variables } = await bodyOf(request);
      const variableValues = variables as Record<string, unknown>;
      const result = await graphql({ schema, source: String(query), rootValue: root, variableValues });
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(result));
    } else {
      serveStatic(url.pathname, response);
    }
  };

  const server = createServer((request, response) => {
    api(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const sockets = new WebSocketServer({ server, path: "/graphql/ws" });
  useServer(
    {
      schema,
      roots: { subscription: root },
      onConnect: ({ extra }) => {
        if (signedIn(extra.request)) return true;
        extra.socket.close(4401, "Unauthorized");
        return false;
      },
    },
    sockets,
  );
  return server;
}
