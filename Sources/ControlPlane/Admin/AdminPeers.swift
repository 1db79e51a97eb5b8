import Kernel
import NIOCore
import NIOPosix

/// Finds out whose connections those to the admin port are. Lives on the admin thread.
final class AdminPeers {
  private var owners: SocketOwners

  private init() throws(Errno) { owners = try SocketOwners() }

  /// Where the kernel can't be asked, nobody is known.
  static func made() -> Result<AdminPeers, Errno> {
    do {
      return .success(try AdminPeers())
    } catch {
      return .failure(error)
    }
  }

  /// To be called while the channel is open.
  func caller(of channel: any Channel) -> AdminCaller {
    // The descriptor is the channel's, and stays open during the call. A channel that has none any
    // more throws: whose it was can't be told, and it is refused.
    let caller = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
      of: NIOBSDSocket.Handle.self
    ) { ask(about: $0) }
    return (caller ?? nil) ?? .unknown(.gone)
  }

  private func ask(about connection: NIOBSDSocket.Handle) -> AdminCaller {
    do {
      return .local(uid: try owners.peer(ofAccepted: connection))
    } catch {
      return .unknown(error)
    }
  }
}
