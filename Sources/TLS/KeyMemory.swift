internal import COpenSSL
internal import Glibc
internal import Synchronization

/// What OpenSSL allocates, so that reading a key leaves no copy of it behind: OpenSSL 3.0 clears the
/// key itself when it is freed, but not the buffers that its decoders went through.
package enum KeyMemory {
  /// Whether OpenSSL's allocations are ours. False where something else in the process has used
  /// OpenSSL before this module did; everything works then, and decoders leave copies behind.
  package static let isGuarded = unsafe CRYPTO_set_mem_functions(allocate, reallocate, release) == 1

  /// How many keys are being read. While one is, whatever is freed is cleared first, by whatever
  /// thread: reading a key is rare, and clearing more than is due harms nobody.
  private static let readers = Atomic<Int>(0)

  static func reading<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    readers.add(1, ordering: .sequentiallyConsistent)
    defer { readers.subtract(1, ordering: .sequentiallyConsistent) }
    return try body()
  }

  private static let allocate: CRYPTO_malloc_fn = { size, _, _ in unsafe malloc(size) }

  private static let reallocate: CRYPTO_realloc_fn = { old, size, _, _ in
    guard let old = unsafe old, readers.load(ordering: .relaxed) > 0 else {
      return unsafe realloc(old, size)
    }
    guard let new = unsafe malloc(size) else { return nil }
    let count = unsafe malloc_usable_size(old)
    // Both are whole blocks of at least the smaller size; the old one is OpenSSL's to give up.
    unsafe memcpy(new, old, min(count, size))
    unsafe OPENSSL_cleanse(old, count)
    unsafe free(old)
    return unsafe new
  }

  private static let release: CRYPTO_free_fn = { block, _, _ in
    // A block of malloc's, or null; all of it may be written until it is freed.
    if let block = unsafe block, readers.load(ordering: .relaxed) > 0 {
      unsafe OPENSSL_cleanse(block, malloc_usable_size(block))
    }
    unsafe free(block)
  }
}
