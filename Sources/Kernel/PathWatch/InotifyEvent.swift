internal import CLinux

/// One event of an inotify descriptor (inotify(7)).
struct InotifyEvent {
  /// Of `inotify_add_watch`; -1 where events were lost.
  var watch: Int32
  private var mask: UInt32
  /// In the watched directory; empty where the directory itself is meant.
  var name: String

  /// Room for many events, and at least for one with the longest name.
  static let batchSize = 16 * 1024

  /// Takes apart what one read gave: always whole events.
  static func all(in bytes: ArraySlice<UInt8>) -> [InotifyEvent] {
    var events: [InotifyEvent] = []
    var rest = bytes
    // int wd; uint32_t mask, cookie, len; char name[len], filled up with zero bytes.
    while rest.count >= 16 {
      let length = Int(rest.word(at: 12))
      precondition(rest.count >= 16 + length, "inotify gave a part of an event")
      let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
      events.append(
        InotifyEvent(
          watch: Int32(bitPattern: rest.word(at: 0)), mask: rest.word(at: 4),
          name: String(decoding: name, as: UTF8.self)))
      rest = rest.dropFirst(16 + length)
    }
    return events
  }

  /// The queue was full: anything may have happened.
  var tellsOfLoss: Bool { mask & pl_events_lost != 0 }
  /// The directory is not where it was, and this watch may tell nothing more.
  var tellsOfDirectory: Bool {
    mask & (pl_directory_deleted | pl_directory_moved | pl_directory_unmounted | pl_watch_ended)
      != 0
  }
  /// The name leads to something else than before, or what it leads to may be read now.
  var concernsName: Bool {
    mask
      & (pl_name_created | pl_name_deleted | pl_name_moved_from | pl_name_moved_to
        | pl_file_attributes) != 0
  }
  /// Something finished took the name's place, all at once.
  var tellsOfMoveIntoPlace: Bool { mask & pl_name_moved_to != 0 }
  /// What was written is whole, as far as its writer is concerned, or its writer has died.
  var tellsOfClose: Bool { mask & pl_file_closed != 0 }
}

extension ArraySlice<UInt8> {
  /// 32 bits in the machine's byte order; `offset` is at least 4 below the count.
  fileprivate func word(at offset: Int) -> UInt32 {
    // Loads of any alignment are checked against the slice's bounds.
    unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
  }
}
