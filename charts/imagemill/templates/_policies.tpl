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

{{/* The way out of webhooks: the public internet, on the ports that the sender takes; inner networks by name only. The
     sender checks every address itself; this is for the day when it has a flaw. */}}
{{- define "imagemill.webhooks.egress" -}}
- ports:
    - {port: 443, protocol: TCP}
    {{- if .Values.webhooks.http }}
    - {port: 80, protocol: TCP}
    {{- end }}
    - {port: 1024, endPort: 65535, protocol: TCP}
  to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 168.63.129.16/32, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3]
    - ipBlock: {cidr: "2000::/3"}
    - ipBlock: {cidr: "64:ff9b::/96"}
    {{- with .Values.networkPolicy.webhooksTo }}
    {{- toYaml . | nindent 4 }}
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
