internal import Addressing
internal import Kernel
internal import TLS

/// What the two streams of the Workload API have said, put together. Each message is the whole state:
/// what it doesn't hold was withdrawn (SPIFFE Workload API §4.4). One that is wrong in any part is
/// discarded as a whole (§4.5), and what was there before stays until it expires.
///
/// Trust bundles come on both streams. The newest message counts, whichever brought it: nothing that
/// a message withdrew comes back by an older one.
struct WorkloadState {
  private(set) var svid: X509SVID?
  /// What the operator says that it is for.
  private(set) var hint = ""
  /// How many SVIDs came; the first is the one that is used (§8).
  private(set) var svidCount = 0
  /// The chain, by which the same SVID is known.
  private var chain: [UInt8] = []
  private var bundles: [TrustDomain: Bundle] = [:]
  private var areBundlesOfBundleStream = false
  /// The agent sends revocation lists, which nobody here reads.
  private(set) var hasRevocationLists = false

  private struct Bundle {
    /// By which the same one is known.
    var der: [UInt8]
    var bundle: TrustBundle
  }

  init() {}

  var trustBundles: TrustBundles { TrustBundles(bundles.mapValues(\.bundle)) }

  /// Takes an `X509SVIDResponse`.
  ///
  /// - Returns: whether anything is different from before.
  mutating func take(svids message: SecretBytes) throws(IdentityFailure) -> Bool {
    let response = try message.withSpan { span throws(IdentityFailure) in
      try Self.read { () throws(ProtobufError) in try X509SVIDResponse(span) }
    }
    guard let first = response.entries.first else { throw .noSVIDs }
    let isComplete = response.entries.allSatisfy {
      !$0.spiffeID.isEmpty && !$0.chain.isEmpty && !$0.key.isEmpty && !$0.bundle.isEmpty
    }
    guard isComplete else { throw .incompleteSVID }
    let (svid, chain) = try Self.svid(first, of: message)
    guard "\(svid.id)" == first.spiffeID else { throw .otherID }

    var places: [TrustDomain: Range<Int>] = [:]
    for entry in response.entries {
      guard let id = try? SPIFFEID(entry.spiffeID) else { throw .otherID }
      if places[id.trustDomain] == nil { places[id.trustDomain] = entry.bundle }
    }
    for (domain, place) in try Self.domains(response.federatedBundles)
    where places[domain] == nil && !place.isEmpty {
      places[domain] = place
    }
    let bundles = try read(places, of: message, own: svid.id.trustDomain)

    let isNew = chain != self.chain || self.svid == nil || !hasSame(bundles)
    self.svid = svid
    self.chain = chain
    hint = first.hint
    svidCount = response.entries.count
    self.bundles = bundles
    areBundlesOfBundleStream = false
    hasRevocationLists = response.revocationLists > 0
    return isNew
  }

  /// Takes an `X509BundlesResponse`.
  ///
  /// - Returns: whether anything is different from before.
  mutating func take(bundles message: SecretBytes) throws(IdentityFailure) -> Bool {
    let response = try message.withSpan { span throws(IdentityFailure) in
      try Self.read { () throws(ProtobufError) in try X509BundlesResponse(span) }
    }
    guard !response.bundles.isEmpty else { throw .noBundles }
    let places = try Self.domains(response.bundles).filter { !$0.value.isEmpty }
    let bundles = try read(places, of: message, own: nil)
    let isNew = !hasSame(bundles)
    self.bundles = bundles
    areBundlesOfBundleStream = true
    hasRevocationLists = response.revocationLists > 0
    return isNew
  }

  /// The workload is entitled to no SVID.
  ///
  /// - Returns: whether there was one.
  mutating func withdrawSVIDs() -> Bool {
    defer {
      svid = nil
      chain = []
      hint = ""
      svidCount = 0
    }
    return svid != nil
  }

  /// The workload is entitled to no bundles of the stream for bundles; those that came with an SVID
  /// stay.
  ///
  /// - Returns: whether there were any.
  mutating func withdrawBundles() -> Bool {
    guard areBundlesOfBundleStream, !bundles.isEmpty else { return false }
    bundles = [:]
    return true
  }

  private func hasSame(_ others: [TrustDomain: Bundle]) -> Bool {
    bundles.count == others.count && bundles.allSatisfy { others[$0.key]?.der == $0.value.der }
  }

  /// - Parameter own: the trust domain whose bundle came with the SVID.
  private func read(
    _ places: [TrustDomain: Range<Int>], of message: SecretBytes, own: TrustDomain?
  ) throws(IdentityFailure) -> [TrustDomain: Bundle] {
    var result: [TrustDomain: Bundle] = [:]
    for (domain, place) in places {
      let der = message.copy(place)
      if let known = bundles[domain], known.der == der {
        result[domain] = known
        continue
      }
      do throws(SVIDError) {
        result[domain] = Bundle(der: der, bundle: try TrustBundle(der: der))
      } catch {
        throw domain == own ? .bundle(error) : .foreignBundle(domain, error)
      }
    }
    return result
  }

  private static func svid(
    _ entry: X509SVIDResponse.Entry, of message: SecretBytes
  ) throws(IdentityFailure) -> (X509SVID, chain: [UInt8]) {
    let chain = message.copy(entry.chain)
    do throws(SVIDError) {
      let svid = try message.withArray(entry.key) { key throws(SVIDError) in
        try X509SVID(chainDER: chain, keyDER: key)
      }
      return (svid, chain)
    } catch {
      throw .svid(error)
    }
  }

  private static func domains(
    _ bundles: [String: Range<Int>]
  ) throws(IdentityFailure) -> [TrustDomain: Range<Int>] {
    var result: [TrustDomain: Range<Int>] = [:]
    for (text, place) in bundles {
      guard let id = try? SPIFFEID(text), id.path.isEmpty else { throw .badTrustDomain }
      result[id.trustDomain] = place
    }
    return result
  }

  private static func read<Message>(
    _ body: () throws(ProtobufError) -> Message
  ) throws(IdentityFailure) -> Message {
    do throws(ProtobufError) {
      return try body()
    } catch {
      throw .message(error)
    }
  }
}
