{{/* The environment variables of each component, as the data of its ConfigMap. */}}

{{/* `maxPixels` becomes IMAGEMILL_MAX_PIXELS. */}}
{{- define "imagemill.variables" -}}
{{- range $name, $value := . }}
IMAGEMILL_{{ snakecase $name | upper }}: {{ include "imagemill.text" $value | quote }}
{{- end }}
{{- end }}

{{/* What API and janitor must agree on about webhooks. */}}
{{- define "imagemill.webhooks.settings" -}}
webhooks: {{ ternary "on" "off" .Values.webhooks.enabled | quote }}
webhookAllow: {{ .Values.webhooks.allow | quote }}
webhookHttp: {{ .Values.webhooks.http }}
{{- end }}

{{- define "imagemill.api.settings" -}}
{{- $own := dict "host" "0.0.0.0" "port" 8000 "metricsPort" 9090 "maxStoredBytes" (include "imagemill.storage.limit" .) }}
{{- with .Values.api.settings.allowedHosts }}
{{- $service := include "imagemill.componentName" (dict "root" $ "component" "api") }}
{{- $names := list . $service (printf "%s.%s" $service $.Release.Namespace) (printf "%s.%s.svc" $service $.Release.Namespace) }}
{{- $_ := set $own "allowedHosts" (ternary . (join ", " $names) (eq . "*")) }}
{{- end }}
{{- $own = merge $own (include "imagemill.webhooks.settings" . | fromYaml) }}
{{- include "imagemill.variables" (merge $own .Values.api.settings .Values.settings) | trim }}
{{- end }}

{{- define "imagemill.worker.settings" -}}
{{- $own := dict "probeHost" "0.0.0.0" "probePort" 9090 "slots" .Values.worker.slots "sandbox" .Values.worker.sandbox "zygoteJobs" .Values.worker.zygoteJobs }}
{{- $_ := set $own "maxStoredBytes" (include "imagemill.storage.limit" .) }}
{{- $_ := set $own "jobMemoryBytes" (include "imagemill.bytes" .Values.worker.jobMemory) }}
{{- $_ := set $own "memoryBudgetBytes" (include "imagemill.bytes" .Values.worker.memoryBudget) }}
{{- $_ := set $own "jobWallSeconds" .Values.worker.jobWallSeconds }}
{{- $_ := set $own "drainSeconds" (include "imagemill.worker.drain" .) }}
{{- include "imagemill.variables" (merge $own .Values.settings) | trim }}
{{- end }}

{{- define "imagemill.webhooks.caFile" -}}
{{- if .Values.webhooks.caConfigMap }}/etc/imagemill/webhooks/ca.crt{{ end }}
{{- end }}

{{- define "imagemill.janitor.settings" -}}
{{- $own := dict "probeHost" "0.0.0.0" "probePort" 9090 "webhookCaFile" (include "imagemill.webhooks.caFile" .) }}
{{- $_ := set $own "maxStoredBytes" (include "imagemill.storage.limit" .) }}
{{- $own = merge $own (include "imagemill.webhooks.settings" . | fromYaml) }}
{{- include "imagemill.variables" (merge $own .Values.janitor.settings .Values.settings) | trim }}
{{- end }}
