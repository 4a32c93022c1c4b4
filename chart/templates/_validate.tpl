{{/* Puts defaults back where a key stands in a values file with nothing below it: Helm takes
that for the wish to have none. Each file of templates begins with it. */}}
{{- define "pillion.defaults" -}}
{{- include "pillion.restore" (list .Values (.Files.Get "files/values.json" | fromJson).known) }}
{{- end }}

{{- define "pillion.restore" -}}
{{- $values := index . 0 }}
{{- range $key, $known := index . 1 }}
{{- if kindIs "map" $known }}
{{- if not (kindIs "map" (get $values $key)) }}{{ $_ := set $values $key dict }}{{ end }}
{{- include "pillion.restore" (list (get $values $key) $known) }}
{{- else if and (kindIs "invalid" (index $values $key)) (not (kindIs "invalid" (first $known))) }}
{{- $_ := set $values $key (first $known) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What no schema can say: one whole sentence for each combination that cannot work. */}}
{{- define "pillion.validate" -}}
{{- with .Values.controller }}
{{- if and .maxUnavailable .minAvailable (ne (toString .minAvailable) "1") }}
{{- fail "controller.minAvailable and controller.maxUnavailable exclude each other. Give one of them." }}
{{- end }}
{{- if and .hostNetwork (eq .lowPorts "sysctl") }}
{{- fail "controller.lowPorts: sysctl needs a network of the pod's own, and controller.hostNetwork takes it away. Use hostPort.enabled instead of hostNetwork, or lowPorts: root, or node where the nodes allow it." }}
{{- end }}
{{- if and .autoscaling.enabled (gt (int .autoscaling.minReplicas) (int .autoscaling.maxReplicas)) }}
{{- fail (printf "controller.autoscaling.minReplicas is %v, above maxReplicas, %v." .autoscaling.minReplicas .autoscaling.maxReplicas) }}
{{- end }}
{{- $needed := dig "requests" "memory" "" .resources }}
{{- $limit := dig "limits" "memory" "" .reloader.resources }}
{{- if and $needed $limit (not (dig "requests" "memory" "" .reloader.resources)) (lt (include "pillion.quantity" $limit | float64) (include "pillion.quantity" $needed | float64)) }}
{{- fail (printf "controller.reloader.resources.limits.memory is %v, below controller.resources.requests.memory, %v. The reloader runs nginx -t, which needs as much as nginx: give it as much, or no limit." $limit $needed) }}
{{- end }}
{{- if and .templates .customTemplate.configMapName }}
{{- fail "controller.templates and controller.customTemplate.configMapName exclude each other. Give the templates by one of them." }}
{{- end }}
{{- end }}
{{- if and .Values.controller.config (hasKey .Values.controller.extraArgs "configmap") }}
{{- fail "controller.config and controller.extraArgs.configmap exclude each other. Give the global options by one of them." }}
{{- end }}
{{- range $key, $guard := (.Files.Get "files/values.json" | fromJson).guards }}
{{- $given := include "pillion.scalar" (get $.Values.controller.config $key) | trim }}
{{- if and $given (ne (lower $given) $guard.default) }}
{{- fail (printf "controller.config.%s has no effect in this version: %s. %s. Then take the key out." $key $guard.effect $guard.instead) }}
{{- end }}
{{- end }}
{{- range .Values.rbac.secretNames }}
{{- if not (regexMatch "^[^/]+/[^/]+$" (toString .)) }}
{{- fail (printf "rbac.secretNames: %q is not namespace/name, such as shop/tls." (toString .)) }}
{{- end }}
{{- end }}
{{- $ports := dict }}
{{- range $name, $port := dict "containerPort.http" (include "pillion.httpPort" .) "containerPort.https" (include "pillion.httpsPort" .) "metrics.port" .Values.controller.metrics.port "probePort" .Values.controller.probePort "statusPort" .Values.controller.statusPort }}
{{- $port = toString $port }}
{{- if hasKey $ports $port }}
{{- fail (printf "controller.%s and controller.%s are both %s. Give each its own port." (get $ports $port) $name $port) }}
{{- end }}
{{- $_ := set $ports $port $name }}
{{- end }}
{{- end }}
