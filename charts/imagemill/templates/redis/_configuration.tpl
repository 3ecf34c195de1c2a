{{/* Every change of the queue is on disk within a second. Only keys with a time to live are evicted, and the queue has
     none. The password is appended by the container, since it is in a Secret. */}}
{{- define "imagemill.redis.configuration" -}}
port {{ .Values.redis.port }}
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory {{ include "imagemill.bytes" .Values.redis.maxMemory }}
maxmemory-policy volatile-lru
tcp-keepalive 60
include /run/redis/password.conf
{{- end }}
