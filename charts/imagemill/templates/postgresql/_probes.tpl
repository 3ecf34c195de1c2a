{{/* Over TCP: while the database is created, the server listens on its socket only. A server that recovers after a crash
     answers on its port and takes nobody in; it must not be killed for that. */}}
{{- define "imagemill.postgresql.probes" -}}
startupProbe:
  exec:
    command: &ready [pg_isready, -q, -h, 127.0.0.1, -p, {{ .port | quote }}, -U, {{ .username }}, -d, {{ .database }}]
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 300
readinessProbe:
  exec:
    command: *ready
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  tcpSocket: {port: postgresql}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}
