{{/* How Prometheus finds what is scraped through a Service, and what its rules are about. */}}

{{/* A Service of its own, so that metrics are never where the API is published. */}}
{{- define "imagemill.metricsService" -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "imagemill.metadata" (merge (dict "suffix" "-metrics" "labels" (dict "imagemill/scrape" "metrics")) .) | nindent 2 }}
spec:
  clusterIP: None
  selector:
    {{- include "imagemill.selector" . | nindent 4 }}
  ports:
    - {name: metrics, port: 9090, targetPort: metrics}
{{- end }}

{{- define "imagemill.serviceMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "imagemill.metadata" (merge (dict "labels" .root.Values.monitoring.labels) .) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "imagemill.selector" . | nindent 6 }}
      imagemill/scrape: metrics
  endpoints:
    - port: metrics
      interval: {{ .root.Values.monitoring.interval }}
      {{- include "imagemill.relabelings" . | nindent 6 }}
{{- end }}

{{/* Labels for every series, so that dashboards and rules find one release's: `release` is what the names of its objects
     begin with. */}}
{{- define "imagemill.relabelings" -}}
relabelings:
  - {targetLabel: release, replacement: {{ include "imagemill.fullname" .root | quote }}}
  - {targetLabel: component, replacement: {{ .component }}}
{{- end }}

{{/* A file of rules or a dashboard, its placeholders filled in; what Prometheus and Grafana fill in themselves stays. */}}
{{- define "imagemill.monitoring.filled" -}}
{{- $settings := .root.Values.monitoring }}
{{- .root.Files.Get .path
  | replace "$namespace" .root.Release.Namespace
  | replace "$release" (include "imagemill.fullname" .root)
  | replace "$maxWorkers" (include "imagemill.worker.most" .root)
  | replace "$grafana" $settings.grafana
  | replace "$runbooks" $settings.runbooks }}
{{- end }}
