{{/* aegis.toml. Numbers are written out: those of values would be written as 1e+07. */}}
{{- define "aegis.config" -}}
{{- include "aegis.draw" . -}}
{{- $tokens := .Values.global.drawn.tokens -}}
listen = "0.0.0.0:8080"
data_dir = "/var/lib/aegis"
{{- with .Values.controlPlane.publicUrl }}
public_url = {{ . | quote }}
{{- end }}
{{- with .Values.controlPlane.trustedProxies }}
trusted_proxies = {{ toJson . }}
{{- end }}
{{- range $table, $settings := .Values.controlPlane.config }}
{{- if $settings }}

[{{ $table }}]
{{- range $name, $value := $settings }}
{{ $name }} = {{ if kindIs "bool" $value }}{{ $value }}{{ else }}{{ int64 $value }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq .Values.tls.at "replica" }}

[tls]
certificate = "/etc/aegis-tls/tls.crt"
key = "/etc/aegis-tls/tls.key"
{{- end }}

[[token]]
name = "admin"
role = "admin"
sha256 = {{ index $tokens "admin.token" | sha256sum | quote }}

[[token]]
name = "metrics"
role = "viewer"
sha256 = {{ index $tokens "metrics.token" | sha256sum | quote }}
{{- range .Values.controlPlane.tokens }}

[[token]]
name = {{ .name | quote }}
role = {{ .role | quote }}
sha256 = {{ .sha256 | quote }}
{{- with .expires }}
expires = {{ . | quote }}
{{- end }}
{{- end }}
{{ end -}}

{{- define "aegis.tlsSecret" -}}
{{ .Values.tls.existingSecret | default (printf "%s-tls" (include "aegis.fullname" .)) }}
{{- end -}}

{{/* The host of publicUrl, and its path. */}}
{{- define "aegis.publicHost" -}}
{{ (urlParse .Values.controlPlane.publicUrl).hostname }}
{{- end -}}
{{- define "aegis.publicPath" -}}
{{ (urlParse .Values.controlPlane.publicUrl).path | trimSuffix "/" | default "/" }}
{{- end -}}
