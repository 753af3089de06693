{{/*
Configuration of a node: deploy/nats/nats-server.conf, with sizes from the values. What differs between nodes comes from the
environment.
*/}}
{{- define "aegis.natsConfig" -}}
{{- $nats := .Values.nats -}}
{{- $many := gt (int .Values.global.nats.replicas) 1 -}}
server_name: $NATS_NODE
# Buckets of one copy are pinned to nodes by this tag.
server_tags: [$NATS_TAG]

listen: "0.0.0.0:4222"
# Health for the kubelet. Network policies keep others away from it.
http: "0.0.0.0:8222"

ping_interval: "5s"
ping_max: 2
write_deadline: "5s"
max_payload: 1MB

# How long clients are moved to other nodes after `--signal ldm`. The pod's grace period is longer.
lame_duck_duration: "30s"
lame_duck_grace_period: "5s"

jetstream {
  store_dir: $NATS_STORE
  # {{ $nats.storage.usePercent }} % of the volume.
  max_file_store: {{ include "aegis.natsFileStore" . }}
  max_memory_store: {{ $nats.memoryStore }}
  sync_interval: {{ $nats.syncInterval | default (ternary "10s" "always" $many) | quote }}
}

# Users and what each may do.
include ./auth.conf
{{- if .Values.global.nats.tls.enabled }}

tls {
  {{- include "aegis.natsTlsFiles" . | nindent 2 }}
}
{{- end }}
{{- if $many }}

cluster {
  name: aegis
  listen: "0.0.0.0:6222"
  # Addresses of pods change, and clients know the names of all nodes.
  no_advertise: true
  routes: $NATS_ROUTES
  authorization {
    user: $NATS_CLUSTER_USER
    password: $NATS_CLUSTER_PASS
    timeout: 2
  }
  {{- if .Values.global.nats.tls.enabled }}
  tls {
    {{- include "aegis.natsTlsFiles" . | nindent 4 }}
    # Each node shows its certificate to the others.
    verify: true
  }
  {{- end }}
}
{{- end }}
{{ end -}}

{{- define "aegis.natsTlsFiles" -}}
cert_file: "/etc/nats-tls/tls.crt"
key_file: "/etc/nats-tls/tls.key"
ca_file: "/etc/nats-tls/ca.crt"
{{- end -}}

{{/* Room for JetStream, in NATS's unit: its MB has 1,048,576 bytes. */}}
{{- define "aegis.natsFileStore" -}}
{{- $size := .Values.nats.storage.size -}}
{{- $unit := ternary 1024 1048576 (hasSuffix "Gi" $size) -}}
{{- $number := regexFind "^[0-9]+" $size | int64 -}}
{{- div (mul $number $unit (int64 .Values.nats.storage.usePercent)) 100 }}MB
{{- end -}}
