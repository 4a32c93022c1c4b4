{{- define "pillion.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "pillion.fullname" -}}
{{- $name := include "pillion.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 48 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "pillion.controller" -}}
{{ include "pillion.fullname" . }}-{{ .Values.controller.name }}
{{- end }}

{{/* The Lease by which pods elect a leader; none where they do not. */}}
{{- define "pillion.lease" -}}
{{- if not .Values.controller.disableLeaderElection -}}
{{ default (printf "%s-leader" (include "pillion.controller" .)) (get .Values.controller.extraArgs "election-id" | default .Values.controller.electionID) }}
{{- end }}
{{- end }}

{{- define "pillion.defaultBackend" -}}
{{ include "pillion.fullname" . }}-{{ .Values.defaultBackend.name }}
{{- end }}

{{- define "pillion.namespace" -}}
{{ default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "pillion.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "pillion.controller" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}

{{- define "pillion.selector" -}}
app.kubernetes.io/name: {{ include "pillion.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of an object of this release; `component` is added where it is used. */}}
{{- define "pillion.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "pillion.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: {{ include "pillion.name" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* An image's name, of (list $ image tag). */}}
{{- define "pillion.image" -}}
{{- $root := index . 0 }}{{- $image := index . 1 -}}
{{- $registry := $root.Values.global.image.registry | default $image.registry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.image }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default (index . 2) }}{{ end }}
{{- end }}

{{- define "pillion.image.generator" -}}
{{ include "pillion.image" (list . .Values.controller.generator.image .Chart.AppVersion) }}
{{- end }}

{{- define "pillion.image.nginx" -}}
{{ include "pillion.image" (list . .Values.controller.nginx.image "") }}
{{- end }}

{{- define "pillion.image.reloader" -}}
{{- $tag := printf "%s-nginx%v" .Chart.AppVersion .Values.controller.nginx.image.tag -}}
{{ include "pillion.image" (list . .Values.controller.reloader.image $tag) }}
{{- end }}

{{- define "pillion.httpPort" -}}
{{ index .Values.controller.extraArgs "http-port" | default .Values.controller.containerPort.http }}
{{- end }}

{{- define "pillion.httpsPort" -}}
{{ index .Values.controller.extraArgs "https-port" | default .Values.controller.containerPort.https }}
{{- end }}

{{/* Whether pods need ports of their node, of which there is one each. */}}
{{- define "pillion.takesNodePorts" -}}
{{- if or .Values.controller.hostNetwork .Values.controller.hostPort.enabled }}true{{ end }}
{{- end }}

{{/* How nginx comes to listen below 1024: sysctl, root, node; or free, where it does not. */}}
{{- define "pillion.lowPorts" -}}
{{- $lowest := min (include "pillion.httpPort" . | int) (include "pillion.httpsPort" . | int) | int -}}
{{- if .Values.controller.lowPorts }}{{ .Values.controller.lowPorts }}
{{- else if ge $lowest 1024 }}free
{{- else if .Values.controller.hostNetwork }}root
{{- else }}sysctl
{{- end }}
{{- end }}

{{- define "pillion.replicas" -}}
{{- if kindIs "invalid" .Values.controller.replicaCount -}}
{{ ternary 1 2 (eq (include "pillion.takesNodePorts" .) "true") }}
{{- else -}}
{{ .Values.controller.replicaCount }}
{{- end -}}
{{- end }}

{{/* Namespaces that are read, with commas; empty: all. */}}
{{- define "pillion.namespaces" -}}
{{- if .Values.controller.scope.enabled -}}
{{- $given := .Values.controller.scope.namespace | default list -}}
{{- if kindIs "string" $given }}{{ $given = splitList "," (nospace $given) }}{{ end -}}
{{ $given | default (list (include "pillion.namespace" .)) | uniq | join "," }}
{{- end -}}
{{- end }}

{{/* The Service whose addresses are written into the status, as namespace/name; may be empty. */}}
{{- define "pillion.publishService" -}}
{{- with .Values.controller -}}
{{- if .publishService.enabled -}}
{{- if .publishService.pathOverride -}}
{{ .publishService.pathOverride }}
{{- else if and .service.enabled .service.external.enabled -}}
{{ include "pillion.namespace" $ }}/{{ include "pillion.controller" $ }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The ConfigMap with templates. */}}
{{- define "pillion.templatesConfigMap" -}}
{{ .Values.controller.customTemplate.configMapName | default (printf "%s-templates" (include "pillion.controller" .)) }}
{{- end }}

{{/* Whether the ConfigMap of ingress-nginx's own template was named; ours end in .j2. */}}
{{- define "pillion.foreignTemplate" -}}
{{- if hasSuffix ".tmpl" (.Values.controller.customTemplate.configMapKey | default "") }}true{{ end }}
{{- end }}

{{/* The ConfigMap with global options, as namespace/name. */}}
{{- define "pillion.options" -}}
{{- $namespace := include "pillion.namespace" . -}}
{{- with get .Values.controller.extraArgs "configmap" -}}
{{ replace "$(POD_NAMESPACE)" $namespace . }}
{{- else -}}
{{ default $namespace .Values.controller.configMapNamespace }}/{{ include "pillion.controller" . }}
{{- end -}}
{{- end }}

{{/* A value as the text that was written. Helm reads 31536000 as 3.1536e+07. */}}
{{- define "pillion.scalar" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{ printf "%.0f" . }}
{{- else if not (kindIs "invalid" .) -}}
{{ . }}
{{- end -}}
{{- end }}
