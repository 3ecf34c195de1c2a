{{/* Combinations that cannot work, each refused with a sentence: what was given, why not, what to do. */}}

{{- define "imagemill.refusals" -}}
{{- include "imagemill.refusals.scaling" . }}
{{- include "imagemill.refusals.times" . }}
{{- include "imagemill.refusals.room" . }}
{{- include "imagemill.refusals.addresses" . }}
{{- end }}

{{- define "imagemill.refusals.scaling" -}}
{{- $worker := .Values.worker }}
{{- $scaling := $worker.autoscaling }}
{{- $target := include "imagemill.worker.target" . | int }}
{{- if $scaling.enabled }}
{{- if lt (int $worker.slots) 2 }}
- worker.slots is {{ $worker.slots }}: a worker that follows the queue needs at least 2 slots, else there is no target below them. Set worker.slots to 2 or more, or worker.autoscaling.enabled to false.
{{- end }}
{{- if gt $target (int $worker.slots) }}
- worker.autoscaling.jobsPerReplica is {{ $target }}, above worker.slots ({{ $worker.slots }}): jobs would wait while no worker is added, and the number of workers would swing. Set it to at most the slots, or leave it empty.
{{- end }}
{{- if lt (int $scaling.fallback.replicas) 1 }}
- worker.autoscaling.fallback.replicas is 0: while Redis is away, busy workers would be scaled to nothing. Set it to 1 or more.
{{- end }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
- worker.autoscaling.minReplicas ({{ $scaling.minReplicas }}) is above maxReplicas ({{ $scaling.maxReplicas }}). Lower it, or raise maxReplicas.
{{- end }}
{{- end }}
{{- with .Values.api.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
- api.autoscaling.minReplicas ({{ .minReplicas }}) is above maxReplicas ({{ .maxReplicas }}). Lower it, or raise maxReplicas.
{{- end }}
{{- end }}
{{- end }}

{{- define "imagemill.refusals.times" -}}
{{- $settings := .Values.settings }}
{{- $needed := addf $settings.jobSeconds 15 }}
{{- if lt (include "imagemill.worker.grace" . | float64) $needed }}
- worker.terminationGracePeriodSeconds is {{ include "imagemill.worker.grace" . }}: the hard timeout (settings.jobSeconds {{ $settings.jobSeconds }}) and 15 s for storing and handing back must fit, or a stopping worker is killed with its jobs. Set it to {{ ceil $needed }} or more, or leave it empty.
{{- end }}
{{- $wall := float64 .Values.worker.jobWallSeconds }}
{{- if and (gt $wall 0.0) (lt $wall (float64 $settings.jobSeconds)) }}
- worker.jobWallSeconds ({{ .Values.worker.jobWallSeconds }}) is below settings.jobSeconds ({{ $settings.jobSeconds }}): a conversion with a processor of its own may take that long. Raise it, or leave it 0 for ten times as long.
{{- end }}
{{- $stopping := addf .Values.api.preStopSeconds .Values.api.settings.apiDrainSeconds }}
{{- if lt (include "imagemill.api.grace" . | float64) $stopping }}
- api.terminationGracePeriodSeconds is {{ include "imagemill.api.grace" . }}: api.preStopSeconds and api.settings.apiDrainSeconds ({{ $stopping }} together) must fit, or running requests are cut. Raise it, or leave it empty.
{{- end }}
{{- if gt (float64 $settings.heartbeatSeconds) (divf $settings.leaseSeconds 2) }}
- settings.heartbeatSeconds ({{ $settings.heartbeatSeconds }}) is above half of settings.leaseSeconds ({{ $settings.leaseSeconds }}): one lost heartbeat would cost a job. Lower it to a third of the lease.
{{- end }}
{{- end }}

{{- define "imagemill.refusals.room" -}}
{{- if and .Values.postgresql.enabled (hasKey .Values.postgresql.parameters "max_wal_size") (eq (toString .Values.settings.maxStoredBytes) "") }}
- postgresql.parameters.max_wal_size is given, so settings.maxStoredBytes does not follow from postgresql.persistence.size: the write-ahead log could fill the volume. Set settings.maxStoredBytes to the size less three times max_wal_size, or leave max_wal_size out.
{{- end }}
{{- $limit := dig "limits" "memory" "" .Values.worker.resources }}
{{- $needed := include "imagemill.worker.memory" . | int64 }}
{{- if and $limit (gt $needed (include "imagemill.bytes" $limit | int64)) }}
- worker.resources.limits.memory is {{ $limit }}, but {{ .Values.worker.memoryBudget }} memory budget + {{ .Values.worker.slots }} slots x (upload + result) + {{ .Values.worker.baseMemory }} base memory are {{ divf $needed 1048576 | ceil }}Mi: a full worker would be killed with all its jobs. Raise the limit, or lower worker.memoryBudget or worker.slots.
{{- end }}
{{- if gt (include "imagemill.bytes" .Values.worker.jobMemory | int64) (include "imagemill.bytes" .Values.worker.memoryBudget | int64) }}
- worker.jobMemory ({{ .Values.worker.jobMemory }}) is above worker.memoryBudget ({{ .Values.worker.memoryBudget }}), which all jobs of a worker share: the largest job that is allowed could not run. Raise the budget, or lower worker.jobMemory.
{{- end }}
{{- $connections := include "imagemill.connections" . | int }}
{{- if gt $connections (int .Values.postgresql.maxConnections) }}
- postgresql.maxConnections is {{ .Values.postgresql.maxConnections }}, but {{ include "imagemill.worker.most" . }} workers x 4 + {{ include "imagemill.api.most" . }} api pods x ({{ .Values.api.settings.threads }} threads + 1) + {{ include "imagemill.janitor.connections" . }} for the janitor + {{ .Values.postgresql.reservedConnections }} reserved are {{ $connections }}. Raise it (with a database of your own: on the server too), or lower the most workers, api pods or threads.
{{- end }}
{{- with .Values.redis }}
{{- $limit := dig "limits" "memory" "" .resources }}
{{- if and .enabled $limit (ge (include "imagemill.bytes" .maxMemory | int64) (include "imagemill.bytes" $limit | int64)) }}
- redis.maxMemory ({{ .maxMemory }}) is not below redis.resources.limits.memory ({{ $limit }}): Redis would be killed before it evicts. Set it to about half of the limit.
{{- end }}
{{- end }}
{{- end }}

{{- define "imagemill.refusals.addresses" -}}
{{- range $component, $example := dict "postgresql" "url=postgresql://user:password@host:5432/imagemill" "redis" "url=redis://:password@host:6379/0 --from-literal=address=host:6379 --from-literal=password=password" }}
{{- $values := index $.Values $component }}
{{- if not (or $values.enabled $values.existingSecret) }}
- {{ $component }}.enabled is false and {{ $component }}.existingSecret is empty, so there is no address. Make a Secret (kubectl create secret generic NAME --from-literal={{ $example }}) and name it in {{ $component }}.existingSecret.
{{- end }}
{{- end }}
{{- with .Values.redis }}
{{- if and .enabled .existingSecret (not .secretKeys.password) }}
- redis.secretKeys.password is empty: the Redis of the release needs one. Name the key of {{ .existingSecret }} that holds it.
{{- end }}
{{- if and .enabled .sentinelMaster }}
- redis.sentinelMaster is {{ .sentinelMaster }}, but redis.enabled is true, and the Redis of the release has no Sentinels. Set redis.enabled to false, or leave the name out.
{{- end }}
{{- end }}
{{- if and .Values.api.ingress.enabled (not .Values.api.ingress.hosts) }}
- api.ingress.enabled is true and api.ingress.hosts is empty: the Ingress would lead nowhere. Name at least one host.
{{- end }}
{{- if and .Values.api.keys.existingSecret (ne .Values.api.settings.auth "keys") }}
- api.keys.existingSecret is {{ .Values.api.keys.existingSecret }}, but api.settings.auth is {{ .Values.api.settings.auth }}, so nobody would be asked for a key. Set api.settings.auth to keys, or leave the Secret out.
{{- end }}
{{- if and .Values.webhooks.enabled (not .Values.webhooks.existingSecret) }}
- webhooks.enabled is true and webhooks.existingSecret is empty: messages would not be signed. Make a Secret (kubectl create secret generic NAME --from-literal=secret=whsec_$(openssl rand -base64 32)) and name it in webhooks.existingSecret.
{{- end }}
{{- range $component := list "api" "worker" "janitor" }}
{{- range (index $.Values $component).extraEnv }}
{{- if hasPrefix "IMAGEMILL_" .name }}
- {{ $component }}.extraEnv sets {{ .name }}: settings of imagemill have values of their own (settings, {{ $component }}.settings), whose limits are checked. Use the value.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
