/// The rule that would allow a flow that was denied, in the document's terms.
package struct SuggestedRule: Hashable, Sendable {
  /// A name, or an address where the flow had no name.
  package let hostPattern: String
  package let port: UInt16
  /// Empty where the method can't be seen: the rule would admit any.
  package let allowedMethods: [HTTPMethod]
}

extension Denial {
  /// The narrowest rule that, added to the allowlist, would allow `flow`; nil where no rule may.
  package func suggestedRule(for flow: Flow) -> SuggestedRule? {
    nil
  }
}
