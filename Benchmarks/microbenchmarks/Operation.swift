/// One step of the data plane that needs no system call, with what it works on.
///
/// A type of its own for each: its state then belongs to the loop that measures it, as it belongs to
/// a worker, and is reached without a closure's context.
protocol Operation: ~Copyable {
  /// Does it once. What is returned depends on the result, so that none of the work can be left
  /// out; it is the same each time, and never 0.
  mutating func perform() -> Int
}

/// What the loop itself costs, in which the others are measured.
struct Nothing: Operation {
  mutating func perform() -> Int { 1 }
}
