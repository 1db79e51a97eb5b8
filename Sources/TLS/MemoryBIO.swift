internal import COpenSSL

/// OpenSSL's readers and writers over memory.
enum MemoryBIO {
  /// Lets `body` read from `bytes`, which it must not keep.
  static func reading<Result, Failure: Error>(
    _ bytes: [UInt8], _ body: (OpaquePointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // The BIO reads from the array in place and is freed before the pointer ends.
    let result = unsafe bytes.withUnsafeBytes { buffer -> Swift.Result<Result, Failure> in
      guard let bio = unsafe BIO_new_mem_buf(buffer.baseAddress ?? emptyText, Int32(buffer.count))
      else { fatalError("out of memory") }
      defer { unsafe BIO_free(bio) }
      do throws(Failure) {
        return unsafe .success(try body(bio))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// A copy of what was written to a memory BIO.
  @unsafe static func contents(of bio: OpaquePointer) -> [UInt8] {
    let count = unsafe BIO_ctrl_pending(bio)
    var bytes = [UInt8](repeating: 0, count: count)
    // There is room for all that is pending.
    let read = unsafe bytes.withUnsafeMutableBytes {
      unsafe BIO_read(bio, $0.baseAddress, Int32($0.count))
    }
    return Array(bytes.prefix(max(0, Int(read))))
  }

  /// Something to point at where there is nothing to read; BIO_new_mem_buf refuses null.
  private static var emptyText: UnsafeRawPointer {
    let text: StaticString = ""
    return unsafe UnsafeRawPointer(text.utf8Start)
  }
}
