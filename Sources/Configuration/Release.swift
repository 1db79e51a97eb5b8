/// Which release of both programs this is.
package enum Release {
  /// A semantic version; the images carry it in their names.
  package static let version = "0.1.0"
}
