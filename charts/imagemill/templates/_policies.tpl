{{/* Parts of the network policies. */}}

{{/* Pods of this release, as peers. */}}
{{- define "imagemill.peers" -}}
{{- $root := .root }}
{{- range .components }}
- podSelector:
    matchLabels:
      {{- include "imagemill.selector" (dict "root" $root "component" .) | nindent 6 }}
{{- end }}
{{- end }}

{{/* The way out of api, workers and janitor: the databases and DNS. */}}
{{- define "imagemill.egress" -}}
{{- $values := .Values -}}
egress:
  - ports:
      - {port: 53, protocol: UDP}
      - {port: 53, protocol: TCP}
    {{- with $values.networkPolicy.dnsTo }}
    to:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- range $component := list "postgresql" "redis" }}
  - ports:
      - {port: {{ (index $values $component).port }}, protocol: TCP}
    {{- if (index $values $component).enabled }}
    to:
      {{- include "imagemill.peers" (dict "root" $ "components" (list $component)) | trim | nindent 6 }}
    {{- else }}
    {{- with index $values.networkPolicy (printf "%sTo" $component) }}
    to:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- end }}
{{- end }}
{{- end }}

{{/* The way in for Prometheus. */}}
{{- define "imagemill.scraped" -}}
- ports:
    - {port: metrics, protocol: TCP}
  {{- with .Values.networkPolicy.monitoringFrom }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
