{{/* Where a database keeps its data: in a claim, which outlives the release, or in the pod. */}}

{{- define "imagemill.claims" -}}
{{- $persistence := (index .root.Values .component).persistence }}
{{- if $persistence.enabled -}}
persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
volumeClaimTemplates:
  - metadata:
      name: data
      labels:
        {{- include "imagemill.selector" . | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with $persistence.storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests: {storage: {{ $persistence.size }}}
{{- end }}
{{- end }}

{{- define "imagemill.dataVolume" -}}
{{- $persistence := (index .root.Values .component).persistence }}
{{- if not $persistence.enabled -}}
- name: data
  emptyDir: {sizeLimit: {{ $persistence.size }}}
{{- end }}
{{- end }}

{{/* How the volume of the built-in PostgreSQL is shared, as standalone/storage.py does it: the write-ahead log, in MiB... */}}
{{- define "imagemill.storage.log" -}}
{{- min 4096 (max 64 (div (include "imagemill.bytes" .Values.postgresql.persistence.size | int64) 16777216)) }}
{{- end }}

{{/* ... and what the database may take, so that the log never fills the volume: PostgreSQL ends then, for good. */}}
{{- define "imagemill.storage.limit" -}}
{{- if kindIs "string" .Values.settings.maxStoredBytes | and (not .Values.settings.maxStoredBytes) }}
{{- $volume := include "imagemill.bytes" .Values.postgresql.persistence.size | int64 }}
{{- $rest := sub $volume (add (mul 3145728 (include "imagemill.storage.log" . | int64)) (div $volume 20)) }}
{{- ternary (max (div $volume 4) $rest) 0 .Values.postgresql.enabled }}
{{- else }}
{{- include "imagemill.text" .Values.settings.maxStoredBytes }}
{{- end }}
{{- end }}
