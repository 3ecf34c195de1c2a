{{/* A server that still loads its file answers with an error; it must not be killed for that. */}}
{{- define "imagemill.redis.probes" -}}
startupProbe:
  exec:
    command: &ready [sh, -c, "redis-cli -h 127.0.0.1 -p {{ .port }} ping | grep -q PONG"]
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 300
readinessProbe:
  exec:
    command: *ready
  periodSeconds: 5
  timeoutSeconds: 5
livenessProbe:
  tcpSocket: {port: redis}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
{{- end }}
