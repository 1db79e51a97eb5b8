internal import Injection
internal import Kernel

/// The bytes of a manifest: a file, a pipe, or standard input (`-`).
enum ManifestFile {
  static func title(_ name: String) -> String { name == "-" ? "standard input" : name }

  static func read(_ name: String) throws(Failure) -> [UInt8] {
    if name == "-", StandardStream.input.isTerminal {
      throw Failure(.badInput, "name a manifest with -f, or let one come on standard input")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    do throws(Errno) {
      let file = name == "-" ? InputFile.standardInput : try InputFile(path: name)
      while bytes.count <= Injection.maximumBytes {
        let count = try file.read(into: &chunk)
        if count == 0 { return bytes }
        bytes += chunk[..<count]
      }
    } catch {
      throw Failure(.systemRefused, "\(title(name)): the manifest can't be read: \(error)")
    }
    throw Failure(
      .badInput,
      "\(title(name)): the manifest is larger than \(Injection.maximumBytes >> 20) MiB")
  }
}
