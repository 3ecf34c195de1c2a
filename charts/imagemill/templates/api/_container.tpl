{{/* What the API and its migrations have in common. */}}
{{- define "imagemill.api.container" -}}
{{- $api := .root.Values.api -}}
image: {{ include "imagemill.image" (dict "root" .root "image" $api.image) }}
imagePullPolicy: {{ $api.image.pullPolicy }}
securityContext:
  {{- include "imagemill.containerSecurity" . | nindent 2 }}
{{ include "imagemill.environment" . }}
resources:
  {{- toYaml $api.resources | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
{{- end }}
