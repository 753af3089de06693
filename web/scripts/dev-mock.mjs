// The page with hot reload against the mock control plane.
process.env.AEGIS_URL ??= `http://127.0.0.1:${process.env.AEGIS_MOCK_PORT ?? 8099}`;
const { createServer } = await import("vite");
await import("./mock.mjs");
const server = await createServer();
await server.listen();
server.printUrls();
