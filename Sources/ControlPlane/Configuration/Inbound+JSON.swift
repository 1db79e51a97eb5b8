import Addressing
import Configuration
import Policy

extension JSONWriter {
  /// What belongs to the other source of an identity is null.
  mutating func append(_ mtls: MutualTLS) {
    switch mtls {
    case .files(let files):
      string("workloadAPI", nil)
      string("svidCertPath", files.certificatePath)
      string("svidKeyPath", files.keyPath)
      string("trustBundlePath", files.trustBundlePath)
      seconds("rotationCheckIntervalSeconds", files.rotationCheckInterval)
    case .workloadAPI(let endpoint):
      string("workloadAPI", endpoint?.description)
      string("svidCertPath", nil)
      string("svidKeyPath", nil)
      string("trustBundlePath", nil)
      string("rotationCheckIntervalSeconds", nil)
    }
  }

  mutating func append(_ inbound: Inbound) {
    string("mode", inbound.mode.rawValue)
    list("allow") { writer in
      for rule in inbound.rules {
        writer.object { writer in
          writer.string("name", rule.name)
          writer.string("peer", rule.peer?.description)
          writer.ports("ports", rule.ports)
          writer.strings("allowedMethods", rule.allowedMethods.map(\.description))
        }
      }
    }
    ports("opaquePorts", inbound.opaquePorts)
    ports("plaintextPorts", inbound.plaintextPorts)
    list("probes") { writer in
      for probe in inbound.probes {
        writer.object { writer in
          writer.number("port", probe.port)
          writer.string("path", probe.path)
        }
      }
    }
  }
}
