{{/* What the pods of `helm test` share. Takes the root. Their containers run one after the other, and each has to end well. */}}
{{- define "aegis.testMetadata" -}}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "aegis.labels" (list . "test") | nindent 2 }}
  {{ include "aegis.natsClientLabel" . }}: "true"
annotations:
  helm.sh/hook: test
  # Kept when it has ended, for `helm test --logs`.
  helm.sh/hook-delete-policy: before-hook-creation
{{- end -}}

{{- define "aegis.testPod" -}}
# Tried again for a while: an installation that is new has to come up first.
restartPolicy: OnFailure
activeDeadlineSeconds: 120
automountServiceAccountToken: false
enableServiceLinks: false
{{- include "aegis.pullSecrets" . }}
securityContext:
  {{- include "aegis.podSecurity" . | nindent 2 }}
{{- end -}}

{{/* One command. Takes the root, its name, image, user of NATS, and arguments. */}}
{{- define "aegis.testContainer" -}}
{{- $root := index . 0 -}}
name: {{ index . 1 }}
image: {{ index . 2 }}
imagePullPolicy: {{ $root.Values.global.image.pullPolicy }}
args: {{ index . 4 | toJson }}
env:
  {{- include "aegis.natsEnv" (list $root (index . 3)) | nindent 2 }}
securityContext:
  {{- include "aegis.containerSecurity" $root | nindent 2 }}
resources:
  requests: {cpu: 50m, memory: 64Mi}
  limits: {memory: 128Mi}
{{- with include "aegis.natsCaMount" $root | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "aegis.testVolumes" -}}
{{- with include "aegis.natsCaVolume" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}
