{{/* How parts connect to NATS. */}}

{{/* All nodes, as a list in JSON: each client knows them all, and NATS need not tell of addresses of pods that change. */}}
{{- define "aegis.natsHosts" -}}
{{- if .Values.global.nats.enabled -}}
{{- $nats := printf "%s-nats" (include "aegis.fullname" .) -}}
{{- $hosts := list -}}
{{- range $index := until (int .Values.global.nats.replicas) -}}
{{- $hosts = append $hosts (printf "%s-%d.%s-headless:4222" $nats $index $nats) -}}
{{- end -}}
{{- $hosts | toJson -}}
{{- else -}}
{{- .Values.global.nats.hosts | toJson -}}
{{- end -}}
{{- end -}}

{{/* `tls` or `nats`, of clients and of routes. */}}
{{- define "aegis.natsScheme" -}}
{{- $nats := .Values.global.nats -}}
{{- if $nats.enabled }}{{ ternary "tls" "nats" $nats.tls.enabled }}{{ else }}{{ $nats.scheme }}{{ end -}}
{{- end -}}

{{/* Secret with the key ca.crt: the authority that NATS is checked against. Empty: those of the image, or no TLS. */}}
{{- define "aegis.natsCaSecret" -}}
{{- $nats := .Values.global.nats -}}
{{- if not $nats.enabled }}{{ $nats.caSecret }}{{ else if $nats.tls.enabled }}{{ include "aegis.natsTlsSecret" . }}{{ end -}}
{{- end -}}

{{/* Secret with the certificate of the chart's NATS. */}}
{{- define "aegis.natsTlsSecret" -}}
{{ .Values.global.nats.tls.existingSecret | default (printf "%s-nats-tls" (include "aegis.fullname" .)) }}
{{- end -}}

{{- define "aegis.credentialsSecret" -}}
{{ .Values.global.credentials.existingSecret | default (printf "%s-nats-passwords" (include "aegis.fullname" .)) }}
{{- end -}}

{{/* Environment of a part that connects as a user of its own. Takes the root and the user. */}}
{{- define "aegis.natsEnv" -}}
{{- $root := index . 0 -}}
{{- $user := index . 1 -}}
{{- $scheme := include "aegis.natsScheme" $root -}}
{{- $urls := list -}}
{{- range include "aegis.natsHosts" $root | fromJsonArray -}}
{{- $urls = append $urls (printf "%s://%s:$(NATS_PASSWORD)@%s" $scheme $user .) -}}
{{- end -}}
- name: NATS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "aegis.credentialsSecret" $root }}
      key: NATS_PASSWORD_{{ $user | upper | replace "-" "_" }}
- name: NATS_URL
  value: {{ join "," $urls | quote }}
- name: AEGIS_NAMESPACE
  value: {{ $root.Values.global.namespace }}
{{- if include "aegis.natsCaSecret" $root }}
- name: SSL_CERT_FILE
  value: /etc/nats-ca/ca.crt
{{- end }}
{{- end -}}

{{/* The authority that NATS is checked against, mounted. */}}
{{- define "aegis.natsCaMount" -}}
{{- if include "aegis.natsCaSecret" . }}
- name: nats-ca
  mountPath: /etc/nats-ca
  readOnly: true
{{- end }}
{{- end -}}

{{- define "aegis.natsCaVolume" -}}
{{- with include "aegis.natsCaSecret" . }}
- name: nats-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end -}}

{{/* Egress of a part that needs NATS and names. */}}
{{- define "aegis.natsEgress" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- if .Values.global.nats.enabled }}
- to:
    - podSelector:
        matchLabels:
          {{- include "aegis.selector" (list . "nats") | nindent 10 }}
  ports:
    - {port: 4222, protocol: TCP}
{{- else }}
# Your NATS may be anywhere: only its ports are known.
- ports:
  {{- $ports := list }}
  {{- range .Values.global.nats.hosts }}{{ $ports = append $ports (splitList ":" . | last | int) }}{{ end }}
  {{- range uniq $ports }}
    - {port: {{ . }}, protocol: TCP}
  {{- end }}
{{- end }}
{{- end -}}
