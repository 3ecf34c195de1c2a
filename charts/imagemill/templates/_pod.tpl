{{/* What every pod and container has. */}}

{{/* The fields of a pod beside its containers; uid is the user that its image knows. */}}
{{- define "imagemill.pod" -}}
{{- $values := index .root.Values .component -}}
serviceAccountName: {{ include "imagemill.serviceAccountName" . }}
automountServiceAccountToken: false
# Service links would set IMAGEMILL_PORT and its like to addresses.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .uid }}
  runAsGroup: {{ .uid }}
  fsGroup: {{ .uid }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "imagemill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The metadata of a pod; checksums is a dict of what a change of restarts it. */}}
{{- define "imagemill.podMetadata" -}}
{{- $values := index .root.Values .component -}}
labels:
  {{- include "imagemill.selector" . | nindent 2 }}
  {{- with merge (dict) $values.podLabels .root.Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) $values.podAnnotations .root.Values.commonAnnotations (default (dict) .checksums) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Over nodes and zones, where that can be; each rollout by itself. */}}
{{- define "imagemill.spread" -}}
{{- $values := index .root.Values .component -}}
topologySpreadConstraints:
{{- if $values.topologySpreadConstraints }}
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "imagemill.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/* The environment of api, worker and janitor: settings from the ConfigMap, addresses with passwords from Secrets. */}}
{{- define "imagemill.environment" -}}
envFrom:
  - configMapRef: {name: {{ include "imagemill.componentName" . }}}
env:
  - name: IMAGEMILL_DATABASE_URL
    valueFrom:
      secretKeyRef: {name: {{ include "imagemill.postgresql.secretName" .root }}, key: {{ include "imagemill.secretKey" (dict "root" .root "component" "postgresql" "key" "url") }}}
  - name: IMAGEMILL_REDIS_URL
    valueFrom:
      secretKeyRef: {name: {{ include "imagemill.redis.secretName" .root }}, key: {{ include "imagemill.secretKey" (dict "root" .root "component" "redis" "key" "url") }}}
  {{- if and (eq .component "api") .root.Values.api.keys.existingSecret }}
  - name: IMAGEMILL_KEYS
    valueFrom:
      secretKeyRef: {name: {{ .root.Values.api.keys.existingSecret }}, key: {{ .root.Values.api.keys.secretKey }}}
  {{- end }}
  {{- if and (eq .component "janitor") .root.Values.webhooks.enabled }}
  - name: IMAGEMILL_WEBHOOK_SECRET
    valueFrom:
      secretKeyRef: {name: {{ .root.Values.webhooks.existingSecret }}, key: {{ .root.Values.webhooks.secretKey }}}
  {{- end }}
  {{- with (index .root.Values .component).extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* A change of these restarts api, worker and janitor. */}}
{{- define "imagemill.checksums" -}}
checksum/settings: {{ include (printf "imagemill.%s.settings" .component) .root | sha256sum }}
checksum/secrets: {{ print (include "imagemill.postgresql.secretData" .root) (include "imagemill.redis.secretData" .root) | sha256sum }}
{{- end }}

{{/* Probes of api, worker and janitor ask /livez only: a pod whose database is away must go on answering, with 503. */}}
{{- define "imagemill.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: {{ . }}}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 120
readinessProbe:
  httpGet: {path: /livez, port: {{ . }}}
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  httpGet: {path: /livez, port: {{ . }}}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}
