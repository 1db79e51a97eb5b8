/// A value of the document with the place where it stands.
struct Node: Sendable {
  enum Content: Sendable {
    case scalar(Scalar)
    case sequence([Node])
    case mapping([Entry])
    /// Already reported while the tree was built: whoever reads it says nothing more.
    case refused
  }

  struct Entry: Sendable {
    var key: String
    var keyPosition: Position
    var value: Node
  }

  var position: Position
  var content: Content
}
