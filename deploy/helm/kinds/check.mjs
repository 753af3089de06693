// Holds manifests (JSON, an array, on standard input) to the schemas of their kinds. Prints each as «kind/name», and what is wrong.
// Fields that a schema does not know are let through, as the API server lets them.
import { readFileSync } from "node:fs";
import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import { PodMonitor, PrometheusRule, ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";

const kinds = { Certificate, HTTPRoute, PodMonitor, PrometheusRule, ServiceMonitor };
let wrong = 0;
for (const manifest of JSON.parse(readFileSync(0, "utf8"))) {
  const name = `${manifest.kind}/${manifest.metadata?.name}`;
  try {
    const Kind = kinds[manifest.kind];
    if (!Kind) throw new Error("the kind is not known here");
    new Kind(manifest).validate();
    console.log(name);
  } catch (error) {
    wrong += 1;
    console.error(`${name}: ${error.message}`);
  }
}
process.exitCode = wrong ? 1 : 0;
