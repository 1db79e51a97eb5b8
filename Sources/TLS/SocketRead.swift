internal import COpenSSL

/// What a read of the socket by OpenSSL came to.
enum SocketRead {
  /// As many bytes as were asked for: there may be more.
  case full
  /// Fewer: there are no more.
  case short
  /// None: there are none yet.
  case blocked
  /// The end, or a failure.
  case ended
}

extension TLSSession {
  /// Called by OpenSSL's reader around each of its operations.
  static let noteRead: BIO_callback_fn_ex = { reader, operation, _, wanted, _, _, result, count in
    guard operation == BIO_CB_READ | BIO_CB_RETURN else { return Int(result) }
    // Reads happen within methods of the session that set the argument, which therefore lives.
    let argument = unsafe BIO_get_callback_arg(reader)!
    let session = unsafe Unmanaged<TLSSession>.fromOpaque(argument).takeUnretainedValue()
    if result > 0 {
      // OpenSSL gives the count wherever a read has succeeded.
      session.lastRead = unsafe count!.pointee < wanted ? .short : .full
    } else {
      session.lastRead =
        unsafe BIO_test_flags(reader, BIO_FLAGS_SHOULD_RETRY) != 0 ? .blocked : .ended
    }
    return Int(result)
  }
}
