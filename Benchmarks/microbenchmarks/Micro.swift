import Glibc
import Kernel

/// Measures the steps of the data plane that need no system call. README.md says how.
@main
struct Micro {
  static func main() throws {
    var effort = Effort.full
    var only: String?
    var json: String?
    var arguments = CommandLine.arguments.dropFirst()
    while let argument = arguments.popFirst() {
      switch argument {
      case "--allocations": effort = .counting
      case "--only": only = arguments.popFirst()
      case "--json": json = arguments.popFirst()
      default:
        try StandardStream.error.write("usage: Micro [--allocations] [--only TEXT] [--json FILE]\n")
        exit(2)
      }
    }

    var suite = Suite(effort: effort, only: only, json: json)
    try suite.measure("nothing: the loop itself", Nothing())
    try suite.measureHellos()
    try suite.measureRequests()
    try suite.measureResponses()
    try suite.measurePolicy()
    try suite.measureRecords()
    try suite.finish()
  }
}
