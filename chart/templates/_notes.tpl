{{/* What surprises about what was chosen, a line each. */}}
{{- define "pillion.notes" -}}
{{- $low := include "pillion.lowPorts" . }}
{{- $deployment := eq .Values.controller.kind "Deployment" }}
{{- if and $deployment (not .Values.controller.autoscaling.enabled) (lt (include "pillion.replicas" . | int) 2) (not (include "pillion.takesNodePorts" .)) }}
With one pod, new connections are refused for a second or two when one of its containers starts anew. Two pods: controller.replicaCount=2.
{{- end }}
{{- if include "pillion.takesNodePorts" . }}
Each node has its ports once, so a pod is ended before its successor starts: clients need another node meanwhile.
{{- end }}
{{- if and .Values.controller.hostNetwork (eq $low "root") }}
nginx and the reloader run as root with no capability but NET_BIND_SERVICE: with hostNetwork there is no other way to ports below 1024. controller.hostPort.enabled in place of controller.hostNetwork does without; so does controller.lowPorts=node where the nodes set net.ipv4.ip_unprivileged_port_start=80 or less.
{{- end }}
{{- if and .Values.controller.hostNetwork (eq $low "node") }}
Each node has to set net.ipv4.ip_unprivileged_port_start to 80 or less, or nginx cannot listen.
{{- end }}
{{- if and (not $deployment) .Values.controller.autoscaling.enabled }}
controller.autoscaling changes nothing for a DaemonSet.
{{- end }}
{{- if .Values.controller.metrics.enabled }}
The generator does not answer /metrics yet: what controller.metrics makes is there, and every scrape fails until a later version.
{{- end }}
{{- if not .Values.controller.shareProcessNamespace }}
controller.shareProcessNamespace is true whatever is said: the reloader finds nginx by it.
{{- end }}
{{- if include "pillion.foreignTemplate" . }}
controller.customTemplate.configMapKey is {{ .Values.controller.customTemplate.configMapKey }}, a template of ingress-nginx in Go's language, and is not used. Templates here are Jinja: controller.templates, docs/templates.md.
{{- end }}
{{- if and .Values.controller.lifecycle (not (include "pillion.ownLifecycle" .)) }}
controller.lifecycle calls /wait-shutdown, which nginx's image does not have, and is not used. controller.drainSeconds does the same.
{{- end }}
{{- if not (include "pillion.publishService" .) }}
{{- if not (or (hasKey .Values.controller.extraArgs "publish-status-address") (eq (toString (get .Values.controller.extraArgs "update-status")) "false")) }}
No Service is published, so the status of Ingresses stays empty: give addresses by controller.extraArgs.publish-status-address.
{{- end }}
{{- end }}
{{- if and .Values.rbac.scope (not .Values.controller.scope.enabled) }}
rbac.scope changes nothing without controller.scope.enabled.
{{- end }}
{{- if eq .Values.controller.generator.image.registry "localhost" }}
{{- if not .Values.global.image.registry }}
The images of generator and reloader are named localhost/...: they have to be on each node already. Otherwise push them, and name the registry by controller.generator.image.registry and controller.reloader.image.registry.
{{- end }}
{{- end }}
{{- end }}

{{/* Paths that the chart does not know and that say something, a line each, of
(list values known prefix). */}}
{{- define "pillion.unknown" -}}
{{- $known := index . 1 }}{{- $prefix := index . 2 }}
{{- range $key, $value := index . 0 }}
{{- if not (hasKey $known $key) }}
{{- if $value }}
{{ $prefix }}{{ $key }}
{{- end }}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $known $key)) }}
{{- include "pillion.unknown" (list $value (get $known $key) (printf "%s%s." $prefix $key)) }}
{{- end }}
{{- end }}
{{- end }}
