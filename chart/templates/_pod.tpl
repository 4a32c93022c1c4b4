{{/* The pod: nginx, and beside it the reloader and the generator as native sidecars.
They start before nginx and end after it, so that a draining nginx still follows its
endpoints; and as they stay ready, so does the pod. See docs/decisions/0051. */}}
{{- define "pillion.pod" -}}
{{- $root := eq (include "pillion.lowPorts" .) "root" -}}
{{- $capabilities := ternary (list "NET_BIND_SERVICE") list $root -}}
metadata:
  labels:
    {{- include "pillion.labels" . | nindent 4 }}
    app.kubernetes.io/component: controller
    {{- with .Values.controller.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: nginx
    {{- with .Values.controller.podAnnotations }}
    {{- range $key, $value := . }}
    {{ $key }}: {{ $value | quote }}
    {{- end }}
    {{- end }}
spec:
  serviceAccountName: {{ include "pillion.serviceAccount" . }}
  # The token is in a volume of its own below, which the generator alone mounts.
  automountServiceAccountToken: false
  enableServiceLinks: false
  # The reloader finds nginx among the pod's processes.
  shareProcessNamespace: true
  terminationGracePeriodSeconds: {{ .Values.controller.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.controller.hostNetwork }}
  hostNetwork: true
  {{- end }}
  dnsPolicy: {{ .Values.controller.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "ClusterFirst" .Values.controller.hostNetwork) }}
  {{- with .Values.controller }}
  {{- range $key, $value := dict "dnsConfig" .dnsConfig "hostAliases" .hostAliases "nodeSelector" .nodeSelector "tolerations" .tolerations "affinity" .affinity }}
  {{- with $value }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with .topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- tpl (toYaml .) $ | nindent 4 }}
  {{- end }}
  {{- with .hostname }}
  hostname: {{ . }}
  {{- end }}
  {{- with .priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- end }}
  securityContext:
    {{- $pod := dict "runAsNonRoot" (not $root) "fsGroup" 101 "seccompProfile" (dict "type" "RuntimeDefault") }}
    {{- $sysctls := deepCopy .Values.controller.sysctls }}
    {{- if eq (include "pillion.lowPorts" .) "sysctl" }}
    {{- $_ := set $sysctls "net.ipv4.ip_unprivileged_port_start" "0" }}
    {{- end }}
    {{- range $name, $value := $sysctls }}
    {{- $_ := set $pod "sysctls" (append (get $pod "sysctls" | default list) (dict "name" $name "value" (toString $value))) }}
    {{- end }}
    {{- toYaml (mergeOverwrite $pod .Values.controller.podSecurityContext) | nindent 4 }}
  initContainers:
    {{- with .Values.controller.extraInitContainers }}
    {{- tpl (toYaml .) $ | nindent 4 }}
    {{- end }}
    - name: reloader
      restartPolicy: Always
      image: {{ include "pillion.image.reloader" . }}
      imagePullPolicy: {{ .Values.controller.reloader.image.pullPolicy }}
      args:
        - --volume=/pillion
        - --http-port={{ include "pillion.httpPort" . }}
        - --https-port={{ include "pillion.httpsPort" . }}
        - --status-port={{ .Values.controller.statusPort }}
        - --probe-port={{ .Values.controller.probePort }}
        - --verify-timeout={{ .Values.controller.reloader.verifyTimeout }}
        - --log-level={{ .Values.controller.reloader.logLevel }}
        {{- if $root }}
        - --nginx-directives=user root;
        {{- end }}
      # As nginx's, capability and all: `nginx -t` opens the ports too.
      securityContext:
        {{- include "pillion.container" (list . (ternary 0 101 $root) $capabilities) | nindent 8 }}
      # nginx starts once there is something for it to read.
      startupProbe:
        exec:
          command: [test, -s, /pillion/live/nginx.conf]
        periodSeconds: 1
        failureThreshold: 60
      resources:
        {{- include "pillion.reloaderResources" . | nindent 8 }}
      volumeMounts:
        - name: volume
          mountPath: /pillion
        # Mounted here first: the folder for it has to be there before nginx mounts /pillion
        # read-only.
        - name: run
          mountPath: /pillion/run
        {{- with .Values.controller.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    - name: generator
      restartPolicy: Always
      image: {{ include "pillion.image.generator" . }}
      imagePullPolicy: {{ .Values.controller.generator.image.pullPolicy }}
      args:
        {{- include "pillion.generatorArguments" . | nindent 8 }}
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        # nginx itself would count the node's processors, whatever its limit.
        - name: PILLION_WORKER_PROCESSES
          valueFrom:
            resourceFieldRef:
              containerName: nginx
              resource: limits.cpu
        {{- with .Values.controller.extraEnvs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: {{ .Values.controller.metrics.portName }}
          containerPort: {{ .Values.controller.metrics.port }}
      securityContext:
        {{- include "pillion.container" (list . 65532 list) | nindent 8 }}
      # Whether its loop turns; the apiserver may be away. There is no readiness: what was
      # served is served on without it.
      livenessProbe:
        httpGet:
          path: /healthz
          port: {{ .Values.controller.metrics.port }}
        initialDelaySeconds: 10
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      resources:
        {{- toYaml .Values.controller.generator.resources | nindent 8 }}
      volumeMounts:
        - name: volume
          mountPath: /pillion
        - name: token
          mountPath: /var/run/secrets/kubernetes.io/serviceaccount
          readOnly: true
        - name: templates
          mountPath: /etc/pillion/templates
          readOnly: true
        - name: generator-tmp
          mountPath: /tmp
        {{- with .Values.controller.generator.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  containers:
    - name: nginx
      image: {{ include "pillion.image.nginx" . }}
      imagePullPolicy: {{ .Values.controller.nginx.image.pullPolicy }}
      command: [nginx, -c, /pillion/live/nginx.conf, -e, stderr, -g, {{ ternary "daemon off; user root;" "daemon off;" $root | quote }}]
      ports:
        {{- range $name, $port := dict "http" (include "pillion.httpPort" .) "https" (include "pillion.httpsPort" .) }}
        - name: {{ $name }}
          containerPort: {{ $port }}
          {{- if $.Values.controller.hostNetwork }}
          hostPort: {{ $port }}
          {{- else if $.Values.controller.hostPort.enabled }}
          hostPort: {{ index $.Values.controller.hostPort.ports $name | default $port }}
          {{- end }}
        {{- end }}
      securityContext:
        {{- include "pillion.container" (list . (ternary 0 101 $root) $capabilities) | nindent 8 }}
      # Asked of nginx itself: neither an absent apiserver nor a dead generator changes the answer.
      livenessProbe:
        httpGet:
          path: /healthz
          port: {{ .Values.controller.probePort }}
        {{- toYaml (omit .Values.controller.livenessProbe "httpGet" "exec" "tcpSocket" "grpc") | nindent 8 }}
      readinessProbe:
        httpGet:
          path: /readyz
          port: {{ .Values.controller.probePort }}
        {{- toYaml (omit .Values.controller.readinessProbe "httpGet" "exec" "tcpSocket" "grpc") | nindent 8 }}
      lifecycle:
        {{- if include "pillion.ownLifecycle" . }}
        {{- toYaml .Values.controller.lifecycle | nindent 8 }}
        {{- else if .Values.controller.drainSeconds }}
        # Then the image's stop signal, QUIT: nginx answers what is open, and ends.
        preStop:
          sleep:
            seconds: {{ .Values.controller.drainSeconds }}
        {{- else }} {}
        {{- end }}
      resources:
        {{- toYaml .Values.controller.resources | nindent 8 }}
      volumeMounts:
        - name: volume
          mountPath: /pillion
          readOnly: true
        - name: run
          mountPath: /pillion/run
        {{- with .Values.controller.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.controller.extraContainers }}
    {{- tpl (toYaml .) $ | nindent 4 }}
    {{- end }}
  volumes:
    - name: volume
      emptyDir:
        medium: Memory
        sizeLimit: {{ .Values.controller.volume.sizeLimit }}
    - name: run
      emptyDir:
        {{- with .Values.controller.runVolume }}
        {{- if or .medium .sizeLimit }}
        {{- with .medium }}
        medium: {{ . }}
        {{- end }}
        {{- with .sizeLimit }}
        sizeLimit: {{ . }}
        {{- end }}
        {{- else }} {}
        {{- end }}
        {{- end }}
    - name: generator-tmp
      emptyDir:
        medium: Memory
        sizeLimit: 16Mi
    - name: templates
      configMap:
        name: {{ include "pillion.templatesConfigMap" . }}
        optional: true
        {{- if include "pillion.foreignTemplate" . }}
        items: []
        {{- else if .Values.controller.customTemplate.configMapKey }}
        items:
          - key: {{ .Values.controller.customTemplate.configMapKey }}
            path: {{ .Values.controller.customTemplate.configMapKey }}
        {{- end }}
    # What automountServiceAccountToken would mount.
    - name: token
      projected:
        sources:
          - serviceAccountToken:
              path: token
              expirationSeconds: 3607
          - configMap:
              name: kube-root-ca.crt
              items:
                - key: ca.crt
                  path: ca.crt
          - downwardAPI:
              items:
                - path: namespace
                  fieldRef:
                    fieldPath: metadata.namespace
    {{- with .Values.controller.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* A container's security context, of (list $ user capabilities). */}}
{{- define "pillion.container" -}}
{{- $root := index . 0 }}{{- $user := index . 1 -}}
{{- $capabilities := dict "drop" (list "ALL") -}}
{{- with index . 2 }}{{ $_ := set $capabilities "add" . }}{{ end -}}
{{- $context := dict "runAsUser" $user "runAsGroup" $user "runAsNonRoot" (ne $user 0) "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" $capabilities -}}
{{- toYaml (mergeOverwrite $context (deepCopy $root.Values.controller.containerSecurityContext)) }}
{{- end }}

{{/* The reloader's resources: `nginx -t` needs the memory that nginx needs. */}}
{{- define "pillion.reloaderResources" -}}
{{- $own := deepCopy .Values.controller.reloader.resources -}}
{{- $memory := dig "requests" "memory" "" .Values.controller.resources -}}
{{- if and $memory (not (dig "requests" "memory" "" $own)) -}}
{{- $_ := set $own "requests" (merge (dict "memory" $memory) ($own.requests | default dict)) -}}
{{- end -}}
{{- toYaml $own }}
{{- end }}

{{/* A Kubernetes quantity such as 90Mi as a number. */}}
{{- define "pillion.quantity" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mulf (trimSuffix $unit $text | float64) (get $units $unit | default 1 | float64) }}
{{- end }}

{{/* Whether the lifecycle that was given is used. */}}
{{- define "pillion.ownLifecycle" -}}
{{- $given := .Values.controller.lifecycle -}}
{{- if and $given (not (contains "/wait-shutdown" (toJson $given))) }}true{{ end -}}
{{- end }}

{{- define "pillion.generatorArguments" -}}
- --volume=/pillion
- --ingress-class={{ .Values.controller.ingressClass }}
- --controller-class={{ .Values.controller.ingressClassResource.controllerValue }}
{{- if not (hasKey .Values.controller.extraArgs "configmap") }}
- --configmap={{ default "$(POD_NAMESPACE)" .Values.controller.configMapNamespace }}/{{ include "pillion.controller" . }}
{{- end }}
{{- with include "pillion.namespaces" . }}
- --watch-namespace={{ . }}
{{- end }}
{{- if .Values.controller.watchIngressWithoutClass }}
- --watch-ingress-without-class=true
{{- end }}
{{- if .Values.controller.ingressClassByName }}
- --ingress-class-by-name=true
{{- end }}
{{- with include "pillion.publishService" . }}
- --publish-service={{ . }}
{{- end }}
{{- if .Values.defaultBackend.enabled }}
- --default-backend-service=$(POD_NAMESPACE)/{{ include "pillion.defaultBackend" . }}
{{- end }}
{{- if .Values.controller.disableLeaderElection }}
- --disable-leader-election=true
{{- else if not (hasKey .Values.controller.extraArgs "election-id") }}
- --election-id={{ include "pillion.lease" . }}
{{- end }}
{{- if and .Values.controller.electionTTL (not (hasKey .Values.controller.extraArgs "election-ttl")) }}
- --election-ttl={{ .Values.controller.electionTTL }}
{{- end }}
- --template-dir=/etc/pillion/templates
- --http-port={{ include "pillion.httpPort" . }}
- --https-port={{ include "pillion.httpsPort" . }}
- --status-port={{ .Values.controller.statusPort }}
- --probe-port={{ .Values.controller.probePort }}
- --healthz-port={{ .Values.controller.metrics.port }}
- --log-level={{ .Values.controller.generator.logLevel }}
{{- range $name, $value := omit .Values.controller.extraArgs "http-port" "https-port" }}
{{- if or (kindIs "invalid" $value) (eq (toString $value) "") }}
- --{{ $name }}
{{- else }}
- {{ printf "--%s=%v" $name $value | quote }}
{{- end }}
{{- end }}
{{- end }}
