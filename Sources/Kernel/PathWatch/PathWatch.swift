internal import CLinux

/// Tells when the file that a path leads to may have changed (inotify(7)): rewritten in place,
/// renamed over, removed and made again, or reached by other symbolic links or directories than
/// before, as where Kubernetes swaps a mounted ConfigMap.
///
/// All directories on the way are watched, for the names that are looked up there. What else happens
/// in them is read and forgotten. Used by one thread.
package struct PathWatch: ~Copyable {
  /// What events came to, the last one counting.
  package enum Change: Sendable {
    /// Somebody is at it: a file was opened, written to or removed. More will come, or won't.
    case underWay
    /// A file was closed by who wrote it in place, or by the death of who did.
    case closed
    /// A finished file was moved into place.
    case movedIntoPlace
  }

  /// A directory that can't be watched; what changes there goes unnoticed.
  package struct Blind: Hashable, Sendable {
    package var directory: String
    package var reason: Errno
  }

  /// Readable while there are events to take.
  package let descriptor: Descriptor
  package let path: String
  /// Those on the way as it is now.
  package private(set) var blind: [Blind] = []
  /// By the watch's number: the names that matter in its directory.
  private var names: [Int32: Set<String>] = [:]
  private var resolution = PathResolution(of: "")

  /// Looking up and watching are two steps: both are repeated until the way is found unchanged.
  private static let attempts = 16

  /// Watches from here on.
  ///
  /// - Throws: where there can be no watch at all (EMFILE: the uid has `fs.inotify.max_user_instances`
  ///   of them).
  package init(_ path: String) throws(Errno) {
    self.path = path
    descriptor = Descriptor(owning: try systemCall { pl_inotify() })
    follow()
  }

  /// Takes the events that have come; nil where none of them was about the path.
  package mutating func take() throws(Errno) -> Change? {
    var change: Change?
    var buffer = [UInt8](repeating: 0, count: InotifyEvent.batchSize)
    while true {
      let number = descriptor.number
      // `buffer` has room for the count that is asked for.
      switch transfer({ unsafe pl_read(number, &buffer, buffer.count) }) {
      case .bytes(let count):
        for event in InotifyEvent.all(in: buffer[..<count]) {
          if let next = note(event) { change = next }
        }
      case .wouldBlock, .endOfStream: return change
      case .failed(let error): throw error
      }
    }
  }

  /// An event of a directory that the way led through when it came, or nil.
  private mutating func note(_ event: InotifyEvent) -> Change? {
    if event.tellsOfLoss {
      follow()
      return .underWay
    }
    guard let names = names[event.watch] else { return nil }
    if event.tellsOfDirectory {
      follow()
      return .underWay
    }
    guard names.contains(event.name) else { return nil }
    // At once: events of directories that the way has left mean nothing any more.
    if event.concernsName { follow() }
    if event.tellsOfMoveIntoPlace { return .movedIntoPlace }
    return event.tellsOfClose ? .closed : .underWay
  }

  /// Watches the directories that the path leads through now, and no others.
  private mutating func follow() {
    for _ in 0..<Self.attempts {
      resolution = PathResolution(of: path)
      watch(resolution)
      if PathResolution(of: path) == resolution { return }
    }
  }

  private mutating func watch(_ resolution: PathResolution) {
    var watched: [Int32: Set<String>] = [:]
    blind = []
    for step in resolution.steps {
      do throws(Errno) {
        watched[try watch(step), default: []].insert(step.name)
      } catch {
        let blind = Blind(directory: step.directory, reason: error)
        if !self.blind.contains(blind) { self.blind.append(blind) }
      }
    }
    for number in names.keys where watched[number] == nil {
      // EINVAL: it ended by itself, with its directory.
      _ = pl_inotify_remove(descriptor.number, number)
    }
    names = watched
  }

  private func watch(_ step: PathResolution.Step) throws(Errno) -> Int32 {
    var events =
      pl_name_created | pl_name_deleted | pl_name_moved_from | pl_name_moved_to
      | pl_directory_deleted | pl_directory_moved
    // Only the file's own directory tells of writing: others may be written to often.
    if step.isLast { events |= pl_file_modified | pl_file_closed | pl_file_attributes }
    let number = descriptor.number
    // The path is a zero-terminated copy for the length of the call.
    return try systemCall { unsafe pl_inotify_add(number, step.directory, events) }
  }
}
