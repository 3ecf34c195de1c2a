{{/* Names, labels and images. Most take a dict: root is the chart's context, component a word such as "api". */}}

{{/* 40 characters leave room for what Kubernetes appends: a StatefulSet's revision is a label of at most 63. */}}
{{- define "imagemill.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $own := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $own .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* A missing suffix would be the text "<no value>" where the name is looked up: Helm takes that out of what it writes only. */}}
{{- define "imagemill.componentName" -}}
{{ include "imagemill.fullname" .root }}-{{ .component }}{{ with .suffix }}{{ . }}{{ end }}
{{- end }}

{{- define "imagemill.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "imagemill.labels" -}}
{{ include "imagemill.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: imagemill
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- with .labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The metadata of an object; labels, annotations and suffix are optional. */}}
{{- define "imagemill.metadata" -}}
name: {{ include "imagemill.componentName" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "imagemill.labels" . | nindent 2 }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "imagemill.image" -}}
{{- $image := .image }}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .root.Chart.AppVersion $image.tag }}
{{- end }}
{{- end }}

{{- define "imagemill.serviceAccountName" -}}
{{- $account := (index .root.Values .component).serviceAccount }}
{{- $own := $account.create | ternary (include "imagemill.componentName" .) "default" }}
{{- default $own $account.name }}
{{- end }}

{{- define "imagemill.serviceAccount" -}}
{{- $account := (index .root.Values .component).serviceAccount }}
{{- if $account.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "imagemill.metadata" (merge (dict "annotations" $account.annotations) .) | replace (printf "name: %s\n" (include "imagemill.componentName" .)) (printf "name: %s\n" (include "imagemill.serviceAccountName" .)) | nindent 2 }}
# Nothing here talks to Kubernetes.
automountServiceAccountToken: false
{{- end }}
{{- end }}
