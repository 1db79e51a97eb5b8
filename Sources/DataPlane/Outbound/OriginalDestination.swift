import Addressing
import Kernel

extension Worker {
  /// Asks the kernel where a connection was going; nil where it can't tell. No other address ever
  /// takes its place.
  static func originalDestination(
    of connection: borrowing Descriptor, listener: Endpoint
  ) -> OriginalDestination? {
    do {
      return try connection.originalDestination(listener: listener)
    } catch {
      // ENOENT: conntrack does not know the connection. Whatever the reason, it is refused.
      return nil
    }
  }
}
