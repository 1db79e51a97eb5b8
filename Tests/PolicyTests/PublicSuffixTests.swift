import Addressing
import Foundation
import Policy
import Testing

@Suite("Names of different owners")
struct PublicSuffixTests {
  @Test(
    "may stand below a public suffix, below a domain that has some below it, and below who knows what",
    arguments: [
      "com", "co.uk", "github.io", "kawasaki.jp", "s3.amazonaws.com", "amazonaws.com",
      "eu-west-1.amazonaws.com", "internal", "local",
    ])
  func divided(name: String) throws {
    #expect(PublicSuffix.dividesOwners(below: try HostName(name)))
  }

  @Test(
    "don't stand below a domain that one owner registered",
    arguments: [
      "example.com", "api.example.com", "example.co.uk", "alice.github.io", "svc.cluster.local",
      "corp.internal", "city.kawasaki.jp",
    ])
  func whole(name: String) throws {
    #expect(!PublicSuffix.dividesOwners(below: try HostName(name)))
  }

  /// The Debian package `publicsuffix`; other systems have it elsewhere or not at all.
  static let list = "/usr/share/publicsuffix/public_suffix_list.dat"

  @Test(
    "stand below no domain that isn't known for it, by this machine's list",
    .enabled(if: FileManager.default.fileExists(atPath: list)))
  func completeness() throws {
    let text = try String(contentsOfFile: Self.list, encoding: .utf8)
    var domains: Set<String> = []
    for line in text.split(separator: "\n") where !line.hasPrefix("//") && !line.hasPrefix("!") {
      let rule = line.split(separator: " ")[0].trimmingPrefix("*.")
      var domain = Substring(rule)
      while let dot = domain.firstIndex(of: ".") {
        domain = domain[domain.index(after: dot)...]
        domains.insert(String(domain))
      }
    }
    #expect(domains.count > 500)
    for domain in domains {
      #expect(PublicSuffix.dividesOwners(below: try HostName(domain)), "\(domain)")
    }
  }
}
