internal import CLinux
internal import Glibc

/// A thread of the system that runs one closure. Workers own theirs for the life of the process,
/// which neither tasks nor a pool of threads promise.
package enum Thread {
  /// - Parameter name: at most 15 bytes, as `top -H` shows it.
  package static func start(
    name: String, _ body: @escaping @Sendable () -> Void
  ) throws(Errno) {
    var thread = pthread_t()
    let box = unsafe Unmanaged.passRetained(Body(name: name, run: body))
    let code = unsafe pthread_create(
      &thread, nil,
      { argument in
        // The one retain of `start`, taken back exactly once here.
        let body = unsafe Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
        unsafe pl_name_thread(body.name)
        body.run()
        return nil
      }, box.toOpaque())
    guard code == 0 else {
      unsafe box.release()
      throw Errno(code)
    }
    pthread_detach(thread)
  }

  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }
}
