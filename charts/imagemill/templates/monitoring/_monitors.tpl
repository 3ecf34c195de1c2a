{{/* How Prometheus finds what is scraped through a Service. */}}

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
{{- end }}
