{{/* Secrets: generated once, kept over upgrades, or the operator's own. */}}

{{- define "imagemill.postgresql.secretName" -}}
{{- default (printf "%s-postgresql" (include "imagemill.fullname" .)) .Values.postgresql.existingSecret }}
{{- end }}

{{- define "imagemill.redis.secretName" -}}
{{- default (printf "%s-redis" (include "imagemill.fullname" .)) .Values.redis.existingSecret }}
{{- end }}

{{/* A key's name: secretKeys speaks of a Secret that somebody else made; a generated one has no user. */}}
{{- define "imagemill.secretKey" -}}
{{- $values := index .root.Values .component }}
{{- if $values.existingSecret }}{{ get $values.secretKeys .key }}{{ else if ne .key "username" }}{{ .key }}{{ end }}
{{- end }}

{{/* The password that the cluster knows, else a new one. It is remembered while the chart is rendered, so that the
     checksums of the pods belong to the very Secret that is made, and an upgrade without a change restarts nothing. */}}
{{- define "imagemill.password" -}}
{{- $made := default (dict) .root.Values.generatedPasswords }}
{{- if not (hasKey $made .component) }}
{{- $name := include "imagemill.componentName" . }}
{{- $known := (lookup "v1" "Secret" .root.Release.Namespace $name).data | default (dict) }}
{{- $_ := set $made .component (get $known "password" | b64dec | default (randAlphaNum 32)) }}
{{- $_ := set .root.Values "generatedPasswords" $made }}
{{- end }}
{{- get $made .component }}
{{- end }}

{{- define "imagemill.postgresql.secretData" -}}
{{- if and .Values.postgresql.enabled (not .Values.postgresql.existingSecret) }}
{{- $password := include "imagemill.password" (dict "root" . "component" "postgresql") }}
{{- $host := printf "%s-postgresql:%v" (include "imagemill.fullname" .) .Values.postgresql.port }}
password: {{ $password | quote }}
url: {{ printf "postgresql://%s:%s@%s/%s" .Values.postgresql.username $password $host .Values.postgresql.database | quote }}
{{- end }}
{{- end }}

{{/* The scaler reads the address from its own namespace. */}}
{{- define "imagemill.redis.secretData" -}}
{{- if and .Values.redis.enabled (not .Values.redis.existingSecret) }}
{{- $password := include "imagemill.password" (dict "root" . "component" "redis") }}
{{- $host := printf "%s-redis.%s.svc:%v" (include "imagemill.fullname" .) .Release.Namespace .Values.redis.port }}
password: {{ $password | quote }}
address: {{ $host | quote }}
url: {{ printf "redis://:%s@%s/%v" $password $host .Values.redis.database | quote }}
{{- end }}
{{- end }}

{{/* As `data`, not `stringData`, which server-side apply does not keep track of. */}}
{{- define "imagemill.encoded" -}}
{{- range $key, $value := fromYaml . }}
{{ $key }}: {{ $value | b64enc }}
{{- end }}
{{- end }}
