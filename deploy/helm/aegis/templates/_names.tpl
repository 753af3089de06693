{{/* Beginning of all names. Room is left for what comes after it: names of services have 63 characters at most. */}}
{{- define "aegis.fullname" -}}
{{- $name := .Values.global.nameOverride -}}
{{- if not $name -}}
{{- $name = ternary .Release.Name (printf "%s-aegis" .Release.Name) (contains "aegis" .Release.Name) -}}
{{- end -}}
{{- $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Labels of an object. Takes the root and the component. */}}
{{- define "aegis.labels" -}}
{{- $root := index . 0 -}}
{{ include "aegis.podLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{/* Labels of a pod. No versions: a new one of the chart alone is no reason to restart NATS. Takes the root and the component. */}}
{{- define "aegis.podLabels" -}}
{{ include "aegis.selector" . }}
app.kubernetes.io/part-of: aegis
{{- with (index . 0).Values.global.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels that pods are found by. Takes the root and the component. */}}
{{- define "aegis.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: aegis
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Label of pods that may connect to the chart's NATS. */}}
{{- define "aegis.natsClientLabel" -}}
{{ include "aegis.fullname" . }}-nats-client
{{- end -}}

{{- define "aegis.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "aegis.fullname" (index . 0) }}-{{ index . 1 }}
  namespace: {{ (index . 0).Release.Namespace }}
  labels:
    {{- include "aegis.labels" . | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}
