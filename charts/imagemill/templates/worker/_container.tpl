{{/* What worker and janitor have in common: they run the same image. */}}
{{- define "imagemill.worker.container" -}}
image: {{ include "imagemill.image" (dict "root" .root "image" .root.Values.worker.image) }}
imagePullPolicy: {{ .root.Values.worker.image.pullPolicy }}
securityContext:
  {{- include "imagemill.containerSecurity" . | nindent 2 }}
{{ include "imagemill.environment" . }}
ports:
  - {name: metrics, containerPort: 9090}
{{ include "imagemill.probes" "metrics" }}
resources:
  {{- toYaml (index .root.Values .component).resources | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  {{- if and (eq .component "janitor") .root.Values.webhooks.caConfigMap }}
  - {name: webhook-authorities, mountPath: /etc/imagemill/webhooks, readOnly: true}
  {{- end }}
{{- end }}
