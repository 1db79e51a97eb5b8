import Kernel
import Policy

extension Worker {
  /// Asks the kernel where the connection was going. No other address ever takes its place.
  mutating func originalDestination(
    of connection: inout Connection, listener: Listener
  ) -> OutboundConnection.Action {
    do {
      let destination = try connection.client.descriptor.originalDestination(
        listener: listener.endpoint)
      return connection.machine.found(destination, listener: listener.endpoint)
    } catch {
      return connection.machine.refused(.originalDestinationUnavailable)
    }
  }
}
