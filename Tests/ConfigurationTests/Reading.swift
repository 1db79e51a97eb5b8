import Configuration
import Testing

/// Reads a text that is to be accepted.
func document(_ text: String) throws -> Document {
  try Document.parse(Array(text.utf8), file: "c.yaml").document
}

/// The lines that a refused text is answered with; none where it is accepted.
func errors(_ text: String) -> [String] {
  errors(Array(text.utf8))
}

func errors(_ bytes: [UInt8]) -> [String] {
  do throws(ConfigurationFailure) {
    _ = try Document.parse(bytes, file: "c.yaml")
    return []
  } catch {
    guard case .invalid(let diagnostics) = error else { return ["\(error)"] }
    return diagnostics.map(\.description)
  }
}

func warnings(_ text: String) throws -> [String] {
  try Document.parse(Array(text.utf8), file: "c.yaml").warnings.map(\.description)
}

/// A document with one rule that is made of `keys`, in YAML's flow style.
func withRule(_ keys: String) -> String {
  "workspaceId: w\negress: {allowlist: [{\(keys)}]}\n"
}
