{{/* Secrets: drawn once, or those that are there. */}}

{{/* Whether a cluster answers. Where the chart is only rendered, kinds are not known by version and name. */}}
{{- define "aegis.hasCluster" -}}
{{- if .Capabilities.APIVersions.Has "v1/Secret" }}yes{{ end -}}
{{- end -}}

{{/* The value of a key in a Secret that is there; otherwise what was drawn. Takes the Secret, the key and that. */}}
{{- define "aegis.kept" -}}
{{- $data := (index . 0).data | default dict -}}
{{- $key := index . 1 -}}
{{- if hasKey $data $key }}{{ index $data $key | b64dec }}{{ else }}{{ index . 2 }}{{ end -}}
{{- end -}}

{{/*
Draws passwords and tokens, unless they are there from an earlier revision. They are kept in the values for the time of this
rendering: a Secret, the configuration with its hash, and the annotations that roll pods have to agree.
*/}}
{{- define "aegis.draw" -}}
{{- if not (hasKey .Values.global "drawn") -}}
{{- $there := lookup "v1" "Secret" .Release.Namespace (include "aegis.credentialsSecret" .) -}}
{{- /* NATS reads a word that begins with a digit as a number, hence the letter. */ -}}
{{- $passwords := dict "NATS_CLUSTER_USER" "route" -}}
{{- range append (include "aegis.passwordNames" . | fromJsonArray) "NATS_CLUSTER_PASS" -}}
{{- $_ := set $passwords . (include "aegis.kept" (list $there . (printf "p%s" (randAlphaNum 43)))) -}}
{{- end -}}
{{- $there = lookup "v1" "Secret" .Release.Namespace (include "aegis.controlPlaneSecret" .) -}}
{{- $tokens := dict -}}
{{- range list "admin.token" "metrics.token" -}}
{{- $_ := set $tokens . (include "aegis.kept" (list $there . (randAlphaNum 64))) -}}
{{- end -}}
{{- $_ := set .Values.global "drawn" (dict "passwords" $passwords "tokens" $tokens) -}}
{{- end -}}
{{- end -}}

{{/* Who may connect, and what each may do. */}}
{{- define "aegis.authConf" -}}
{{ .Values.nats.authConf | default (.Files.Get "files/auth.conf") | trim }}
{{- end -}}

{{/* The variables that auth.conf takes passwords from. */}}
{{- define "aegis.passwordNames" -}}
{{- $found := regexFindAll "\\$NATS_PASSWORD_[A-Z0-9_]+" (include "aegis.authConf" .) -1 -}}
{{- $names := list -}}
{{- range $found | uniq | sortAlpha }}{{ $names = append $names (trimPrefix "$" .) }}{{ end -}}
{{- $names | toJson -}}
{{- end -}}

{{- define "aegis.controlPlaneSecret" -}}
{{ .Values.controlPlane.existingSecret | default (printf "%s-control-plane" (include "aegis.fullname" .)) }}
{{- end -}}

{{/* Stops when a Secret of yours, or one of its keys, is not there. Takes the root, the value that names it, its name, and the keys. */}}
{{- define "aegis.checkSecret" -}}
{{- $root := index . 0 -}}
{{- $value := index . 1 -}}
{{- $name := index . 2 -}}
{{- if and $name (include "aegis.hasCluster" $root) -}}
{{- $secret := lookup "v1" "Secret" $root.Release.Namespace $name -}}
{{- if not $secret -}}
{{- fail (printf "\n%s: there is no Secret %s in the namespace %s. Make it first (README.md, Secrets of your own)" $value $name $root.Release.Namespace) -}}
{{- end -}}
{{- range index . 3 -}}
{{- if not (hasKey ($secret.data | default dict) .) -}}
{{- fail (printf "\n%s: the Secret %s in the namespace %s lacks the key %s" $value $name $root.Release.Namespace .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
