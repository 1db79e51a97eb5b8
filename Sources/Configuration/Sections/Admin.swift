/// Who may ask the admin port for everything.
package struct Admin: Hashable, Sendable {
  /// Beside root's and the sidecar's own. Ascending.
  package var allowUIDs: [UInt32]

  package init(allowUIDs: [UInt32] = []) { self.allowUIDs = allowUIDs }
}

/// `admin:`
enum AdminSection {
  static let allowUIDs: Key<[UInt32]> = Key(
    "allowUIDs", .uids, default: [], shown: "none",
    "Uids that may ask the admin port for everything and change what it lets be changed, as root and "
      + "the sidecar's own uid may. Any other may ask for `/healthz`, `/readyz`, `/status` and "
      + "`/denials` only.")

  static let keys = [allowUIDs.declaration]

  static let type: ValueType<Admin> = .section(keys) { section in
    Admin(allowUIDs: section.read(allowUIDs))
  }
}
