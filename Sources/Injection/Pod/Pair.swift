/// What is added to a pod. The same stands in infra/kubernetes/sidecar, with which the tests compare it.
struct Pair {
  /// What the names of everything that is added begin with.
  static let prefix = "portarium"
  static let initContainer = "portarium-init"
  static let sidecar = "portarium-sidecar"
  static let volume = "portarium"
  /// On the pod: what inject added, so that it can be taken away again.
  static let annotation = "portarium.io/injected"
  /// Which container `kubectl exec` and `kubectl logs` mean where none is named.
  static let defaultContainer = "kubectl.kubernetes.io/default-container"
  /// A label or annotation of a pod: `disabled` keeps inject away.
  static let mark = "portarium.io/sidecar"
  static let uid = 1337
  /// proxyPort, inboundPort, adminPort, healthPort and dnsPort, unless the document says otherwise.
  static let ports = [15000, 15001, 15006, 15021, 15053]

  let options: InjectionOptions

  /// What goes before the pod's own init containers.
  var initContainers: String {
    let program = """
      - name: \(Self.initContainer)
        image: \(scalar(options.initImage))\(pullPolicy)
        args: [apply]
        resources:
          requests: {cpu: 10m, memory: 20Mi}
          limits: {memory: 64Mi}
        terminationMessagePolicy: FallbackToLogsOnError
        securityContext:
          runAsUser: 0
          runAsGroup: 0
          runAsNonRoot: false
          readOnlyRootFilesystem: true
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL], add: [NET_ADMIN]}
          seccompProfile: {type: RuntimeDefault}
        volumeMounts:
          - {name: \(Self.volume), mountPath: /etc/portarium, readOnly: true}

      """
    return options.nativeSidecar ? program + sidecar : program
  }

  /// What goes before the pod's own containers; nil where the sidecar is an init container.
  var containers: String? { options.nativeSidecar ? nil : sidecar }

  var volumes: String {
    """
    - name: \(Self.volume)
      configMap: {name: \(scalar(options.configMap))}

    """
  }

  private var pullPolicy: String {
    options.imagePullPolicy.map { "\n  imagePullPolicy: \($0.rawValue)" } ?? ""
  }

  private var sidecar: String {
    let restart = options.nativeSidecar ? "\n  restartPolicy: Always" : ""
    // The containers behind it start once it listens.
    let lifecycle =
      options.nativeSidecar
      ? ""
      : "\n  lifecycle:\n    postStart:\n      exec: {command: [\(Self.sidecar), wait]}"
    return """
      - name: \(Self.sidecar)
        image: \(scalar(options.sidecarImage))\(pullPolicy)
        args: [run]\(restart)
        ports:
          - {name: portarium-probe, containerPort: 15021}
        resources:
          requests: {cpu: 50m, memory: 32Mi}
          limits: {memory: 128Mi}\(lifecycle)
        startupProbe:
          httpGet: {path: /readyz, port: 15021}
          periodSeconds: 1
          failureThreshold: 30
        readinessProbe:
          httpGet: {path: /readyz, port: 15021}
          periodSeconds: 5
          timeoutSeconds: 3
        livenessProbe:
          httpGet: {path: /healthz, port: 15021}
          periodSeconds: 10
          timeoutSeconds: 5
        terminationMessagePolicy: FallbackToLogsOnError
        securityContext:
          runAsUser: \(Self.uid)
          runAsGroup: \(Self.uid)
          runAsNonRoot: true
          readOnlyRootFilesystem: true
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
          seccompProfile: {type: RuntimeDefault}
        volumeMounts:
          - {name: \(Self.volume), mountPath: /etc/portarium, readOnly: true}

      """
  }
}
