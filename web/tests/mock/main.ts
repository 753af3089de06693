import { standIns } from "./processes";
import { createMockServer } from "./server";
import { World } from "./world";

const port = Number(process.env.AEGIS_MOCK_PORT ?? 8099);
const token = process.env.AEGIS_TOKEN ?? "mock-token";
const crowd = Number(process.env.AEGIS_MOCK_INSTANCES ?? 0);
const world = new World({ troubled: process.env.AEGIS_MOCK_HEALTHY !== "1" });
for (let n = 1; n <= crowd; n++)
  world.register(`crowd-${n % 40}-service`, `crowd-${n % 40}-service-${n}`, "1.0.0");
world.ownMany(Number(process.env.AEGIS_MOCK_GROUPS ?? 0));

setInterval(() => world.beat(), 1_000);
setInterval(() => world.flush(), 250);
if (process.env.AEGIS_MOCK_CHATTER !== "0") {
  let n = 0;
  setInterval(() => {
    const id = `calculation-service/calculation-service-${(n++ % 2) + 1}`;
    world.setStatus(id, "RUNNING", n % 4 === 0 ? "configuration_reported" : "status_changed", null);
  }, 2_500);
}

const end = process.env.AEGIS_ENV_FILE ? standIns(world, process.env.AEGIS_ENV_FILE) : () => {};
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    end();
    process.exit(0);
  });
}

createMockServer(world, token).listen(port, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${port}`;
  console.log(`mock control plane on ${url}, token ${token}, one-time link ${url}/login?code=mock`);
});
