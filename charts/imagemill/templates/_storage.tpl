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
