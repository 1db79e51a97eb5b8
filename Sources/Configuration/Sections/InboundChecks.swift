internal import Policy

extension SectionReader {
  /// What `inbound:` asks of the rest of the document: without an identity nobody can be answered,
  /// and what isn't redirected reaches the workload past every rule.
  func checkInbound(_ document: Document) {
    let redirect = [
      DocumentSection.capture.name, CaptureSection.inbound.name,
      CaptureInboundSection.redirect.name,
    ]
    let mode = [DocumentSection.inbound.name, InboundSection.mode.name]
    guard document.inbound.mode != .off else {
      if document.capture.inbound.redirect {
        warning(
          "nothing listens on inboundPort while inbound.mode is off: what is redirected there is "
            + "refused", at: redirect)
      }
      return
    }
    let name = document.inbound.mode.rawValue
    if position(of: DocumentSection.mtls) == nil {
      error(
        "\(name) needs an identity; the section mtls says where it comes from, and is missing",
        at: mode)
    }
    if document.capture.gateway != nil {
      error("\(name) is for sidecar mode only; capture.mode is gateway", at: mode)
    } else if !document.capture.inbound.redirect {
      error(
        "\(name) has no effect without capture.inbound.redirect: peers would reach the workload "
          + "directly", at: mode)
    }
  }
}
