/// Tells whether two texts are the same without keeping them: equal within one process for equal
/// bytes, and hardly ever for others.
package struct Fingerprint: Hashable, Sendable {
  private let hash: Int

  package init(of bytes: [UInt8]) {
    var hasher = Hasher()
    // Hashed at once, nothing is kept of the pointer.
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    hash = hasher.finalize()
  }
}
