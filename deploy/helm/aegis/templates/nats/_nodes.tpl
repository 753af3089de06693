{{/*
Stops before a single node becomes one of a cluster, or the reverse: NATS takes streams of a single server into no cluster, and
deletes them half a minute after the start.
*/}}
{{- define "aegis.checkNodes" -}}
{{- $name := printf "%s-nats" (include "aegis.fullname" .) -}}
{{- $there := (lookup "apps/v1" "StatefulSet" .Release.Namespace $name).spec | default dict -}}
{{- $now := int ($there.replicas | default 0) -}}
{{- $wanted := int .Values.global.nats.replicas -}}
{{- if and $now (ne (eq $now 1) (eq $wanted 1)) -}}
{{- fail (printf "\nglobal.nats.replicas: %s has %d node(s), and with %d NATS would delete all streams. Install a second release beside it and move the history there (docs/operations.md, From one server to a cluster)" $name $now $wanted) -}}
{{- end -}}
{{- end -}}
