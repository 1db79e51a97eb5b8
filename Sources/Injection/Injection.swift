package import Configuration

/// Adds the pair to the pods of a manifest, and takes it away again: bytes in, bytes out.
package enum Injection {
  /// 16 MiB: an object in a cluster has at most 1.5 MiB.
  package static let maximumBytes = 16 << 20

  package struct Result: Sendable {
    package var bytes: [UInt8]
    /// In the order of their positions.
    package var warnings: [Diagnostic]
    /// Pods that the pair was added to, or taken from.
    package var podCount: Int
  }

  /// Every error in the manifest, in the order of their positions; never empty.
  package struct Failure: Error {
    package var errors: [Diagnostic]
    package var warnings: [Diagnostic]
  }

  /// Adds the pair to every pod, in place of one that was added before. Every other byte stays.
  ///
  /// - Parameter file: what its diagnostics call the text.
  package static func inject(
    _ manifest: [UInt8], file: String, options: InjectionOptions
  ) throws(Failure) -> Result {
    let (mark, given) = withoutByteOrderMark(manifest)
    var report = Report(file: file, strict: options.strict, given: given)
    let (cuts, _) = removal(of: given, &report)
    if report.hasErrors { throw Failure(report) }
    let text = cuts.applied(to: given)
    // What stands in the way of an exact removal is of no interest here.
    report = Report(file: file, strict: options.strict, given: given, cuts: cuts)
    let (edits, count) = additions(to: text, Pair(options: options), &report)
    if report.hasErrors { throw Failure(report) }
    let (result, added) = edits.applied(to: text)
    if !added.isEmpty, !isSame(text, result, added) || removed(from: result) != text {
      report.error(
        "this is written in a way that inject can't extend without changing what else is in it",
        atByte: edits.insertions.map(\.offset).min() ?? 0)
      throw Failure(report)
    }
    return Result(bytes: mark + result, warnings: report.sortedWarnings, podCount: count)
  }

  /// Takes away what `inject` added.
  package static func remove(
    _ manifest: [UInt8], file: String
  ) throws(Failure) -> Result {
    let (mark, given) = withoutByteOrderMark(manifest)
    var report = Report(file: file, strict: false, given: given)
    let (cuts, count) = removal(of: given, &report)
    if report.hasErrors { throw Failure(report) }
    return Result(
      bytes: mark + cuts.applied(to: given), warnings: report.sortedWarnings, podCount: count)
  }

  static func withoutByteOrderMark(_ manifest: [UInt8]) -> ([UInt8], [UInt8]) {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    return manifest.starts(with: mark) ? (mark, Array(manifest.dropFirst(3))) : ([], manifest)
  }

  /// What inject added, as the bytes to be cut out, and to how many pods.
  private static func removal(of text: [UInt8], _ report: inout Report) -> (Cuts, Int) {
    var cuts = Cuts()
    var count = 0
    // Most manifests have nothing of ours.
    guard Lines(text).contains(Pair.prefix) else { return (cuts, 0) }
    forEachDocument(of: text, &report) { tree, report in
      var taking = Taking(tree)
      // What is wrong with the rest of the pod doesn't matter.
      var ignored = report
      for site in PodSite.all(in: tree, &ignored) {
        let restoration = PodRestoration(tree: tree, site: site)
        guard let record = restoration.record(&report) else {
          restoration.warnOfUnrecorded(&report)
          continue
        }
        restoration.restore(record, &taking, &report)
        count += 1
      }
      for range in taking.cuts().ranges { cuts.cut(range) }
    }
    cuts.settle(in: text)
    return (cuts, count)
  }

  private static func additions(
    to text: [UInt8], _ pair: Pair, _ report: inout Report
  ) -> (Edits, Int) {
    var edits = Edits()
    var count = 0
    forEachDocument(of: text, &report) { tree, report in
      let sites = PodSite.all(in: tree, &report)
      var document = DocumentExtension(tree, pair)
      for site in sites {
        if site.isExempt(in: tree) {
          report.warn(
            "\(site.workload): left as it is, as \(Pair.mark): disabled says", at: site.template,
            in: tree)
        } else {
          document.extend(site, &report)
          count += 1
        }
      }
      document.complete(&report)
      for (offset, bytes) in document.placing.edits.insertions { edits.insert(bytes, at: offset) }
    }
    return (edits, count)
  }

  private static func forEachDocument(
    of text: [UInt8], _ report: inout Report, _ body: (ManifestTree, inout Report) -> Void
  ) {
    if text.starts(with: [0xff, 0xfe]) || text.starts(with: [0xfe, 0xff]) {
      // As PowerShell writes what it is told to write to a file.
      return report.end("this is UTF-16; save it as UTF-8", at: Position(line: 1, column: 1))
    }
    do throws(SyntaxError) {
      var reader = try ManifestReader(text)
      while let tree = try reader.next() { body(tree, &report) }
    } catch {
      let (position, sentence) = error.sentence(in: text)
      report.end(sentence, at: position)
    }
  }
}

extension Injection.Failure {
  fileprivate init(_ report: Report) {
    self.init(errors: report.sortedErrors, warnings: report.sortedWarnings)
  }
}
