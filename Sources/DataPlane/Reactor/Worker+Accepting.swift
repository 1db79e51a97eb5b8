import Kernel

// Rests from accepting, for want of descriptors.
extension Worker {
  /// Rest after an accept that failed for want of descriptors where no spare one is left.
  private static let acceptPause: UInt64 = DataPlaneSettings.Limits.second / 10

  /// Stops listening for a moment: with no descriptor at all, level-triggered listeners would spin.
  mutating func pauseAccepting() {
    guard acceptsAgainAt == nil else { return }
    acceptsAgainAt = now + Self.acceptPause
    for listener in listeners { epoll.remove(listener.descriptor) }
  }

  mutating func resumeAccepting() {
    acceptsAgainAt = nil
    reopenSpare()
    for (position, listener) in listeners.enumerated() {
      do {
        try epoll.addLevelTriggered(
          listener.descriptor, token: Token(listener: position).rawValue)
      } catch {
        return pauseAccepting()
      }
    }
  }

  mutating func reopenSpare() {
    // Without one, accepting pauses; the next pause's end tries again.
    if !spare.isOpen, let descriptor = try? Descriptor.spare() { spare = descriptor }
  }
}
