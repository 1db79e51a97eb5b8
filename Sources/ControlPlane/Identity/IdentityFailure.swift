internal import Addressing
internal import Kernel
internal import TLS

/// Why an SVID or a trust bundle could not be had, or not be used. Holds nothing of a key, nor of a
/// message that may hold one.
enum IdentityFailure: Error, Hashable, Sendable {
  // Of the Workload API
  /// The stream of SVIDs ended, or can't be opened.
  case stream(GRPCEnd)
  /// The bytes are no such message.
  case message(ProtobufError)
  /// A message that must hold an SVID holds none.
  case noSVIDs
  /// A message that must hold trust bundles holds none.
  case noBundles
  /// An SVID of a message lacks its ID, chain, key or bundle.
  case incompleteSVID
  /// The certificate says another ID than the message.
  case otherID
  /// A bundle is listed under something else than a trust domain's ID.
  case badTrustDomain
  case foreignBundle(TrustDomain, SVIDError)

  // Of files
  case unreadable(path: String, Errno)
  /// Longer than any chain, key or bundle.
  case tooLong(path: String)
  /// The files were changed while they were read, again and again.
  case unsettled

  // Of both
  case svid(SVIDError)
  case bundle(SVIDError)
  case context(TLSError)

  /// What is wrong, as a sentence without a full stop.
  var sentence: String {
    switch self {
    case .stream(let end): end.sentence
    case .message(let error): "a message can't be read: \(error.sentence)"
    case .noSVIDs: "a message holds no SVID"
    case .noBundles: "a message holds no trust bundle"
    case .incompleteSVID: "an SVID comes without its ID, chain, key or bundle"
    case .otherID: "the SVID's certificate has another ID than the message"
    case .badTrustDomain: "a trust bundle is listed under something else than a trust domain's ID"
    case .foreignBundle(let domain, let error):
      "the trust bundle of \(domain) can't be used: \(error.sentence)"
    case .unreadable(let path, let error): "\(path) can't be read: \(error)"
    case .tooLong(let path): "\(path) is longer than \(SVIDFiles.longest) bytes"
    case .unsettled: "the files changed again and again while they were read"
    case .svid(let error): "the SVID can't be used: \(error.sentence)"
    case .bundle(let error): "the trust bundle can't be used: \(error.sentence)"
    case .context(let error): "the SVID can't be used: \(error.sentence)"
    }
  }
}
