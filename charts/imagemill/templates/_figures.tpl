{{/* Figures: how numbers are written, and what follows from the values. */}}

{{/* Helm reads every number of a file as a float, whose text is 5e+07. */}}
{{- define "imagemill.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) (float64 .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* A quantity of memory in bytes. */}}
{{- define "imagemill.bytes" -}}
{{- $text := include "imagemill.text" . }}
{{- $unit := regexFind "[A-Za-z]+$" $text }}
{{- $units := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- mulf (trimSuffix $unit $text | float64) (get $units $unit) | int64 }}
{{- end }}

{{/* The hard timeout + 15 s: 5 for storing, 10 for handing back. */}}
{{- define "imagemill.worker.grace" -}}
{{- default (addf .Values.settings.jobSeconds 15 | ceil) .Values.worker.terminationGracePeriodSeconds | int64 }}
{{- end }}

{{- define "imagemill.worker.drain" -}}
{{- sub (include "imagemill.worker.grace" . | int64) 10 }}
{{- end }}

{{- define "imagemill.api.grace" -}}
{{- $needed := addf .Values.api.preStopSeconds .Values.api.settings.apiDrainSeconds 10 | ceil }}
{{- default $needed .Values.api.terminationGracePeriodSeconds | int64 }}
{{- end }}

{{/* Three quarters of the slots, so that a worker that finishes is not without work until the next look; whole, since
     the scaler reads whole numbers. */}}
{{- define "imagemill.worker.target" -}}
{{- $own := max 1 (mulf .Values.worker.slots 0.75 | floor | int64) }}
{{- default $own .Values.worker.autoscaling.jobsPerReplica | int64 }}
{{- end }}

{{- define "imagemill.worker.most" -}}
{{- .Values.worker.autoscaling.enabled | ternary .Values.worker.autoscaling.maxReplicas .Values.worker.replicas | int64 }}
{{- end }}

{{- define "imagemill.api.most" -}}
{{- .Values.api.autoscaling.enabled | ternary .Values.api.autoscaling.maxReplicas .Values.api.replicas | int64 }}
{{- end }}

{{/* A PodDisruptionBudget asks for the fewest. */}}
{{- define "imagemill.api.fewest" -}}
{{- .Values.api.autoscaling.enabled | ternary .Values.api.autoscaling.minReplicas .Values.api.replicas | int64 }}
{{- end }}

{{/* Connections to PostgreSQL: a worker has a pool of 3 and one for its heartbeat, the janitor 2 (and 3 to send
     webhooks), a pod of the API its threads and one for its probes. */}}
{{- define "imagemill.janitor.connections" -}}
{{- .Values.webhooks.enabled | ternary 5 2 }}
{{- end }}

{{- define "imagemill.connections" -}}
{{- $api := mul (include "imagemill.api.most" .) (add .Values.api.settings.threads 1) }}
{{- $workers := mul (include "imagemill.worker.most" .) 4 }}
{{- add $api $workers (include "imagemill.janitor.connections" .) .Values.postgresql.reservedConnections }}
{{- end }}

{{/* What a worker needs when its conversions use all that they share and every slot has the largest files: the upload
     and the result are memory files, outside of a conversion's own limit. */}}
{{- define "imagemill.worker.memory" -}}
{{- $files := add (int64 .Values.settings.maxUploadBytes) (int64 .Values.settings.maxResultBytes) }}
{{- $shared := add (include "imagemill.bytes" .Values.worker.memoryBudget) (include "imagemill.bytes" .Values.worker.baseMemory) }}
{{- add (mul .Values.worker.slots $files) $shared }}
{{- end }}
