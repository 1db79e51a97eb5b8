import Addressing
import Foundation
import TLS
import TestNetwork

@testable import DataPlane

/// Two authorities that openssl makes once per run, and SVIDs of theirs.
enum Authority {
  static let folder: String = {
    let folder = Scratch.makeDirectory("authority")
    let result = try? RunningProcess(["/bin/sh", "-ec", script, "sh", folder]).wait()
    precondition(result?.succeeded == true, "no certificates: \(String(describing: result))")
    return folder
  }()

  private static let script = """
    cd "$1"
    for authority in ours theirs; do
      openssl ecparam -name prime256v1 -genkey -noout -out $authority.key
      openssl req -x509 -new -key $authority.key -subj "/O=test" -days 30 -out $authority.pem \\
        -addext subjectAltName=URI:spiffe://example.org -addext keyUsage=critical,keyCertSign,cRLSign
    done
    issue() { # authority name days id subject
      openssl ecparam -name prime256v1 -genkey -noout -out $2.key
      printf '%s\\n' "subjectAltName=URI:$4" 'basicConstraints=critical,CA:FALSE' \\
        'keyUsage=critical,digitalSignature' 'extendedKeyUsage=serverAuth,clientAuth' > $2.ext
      openssl req -new -key $2.key -subj "$5" -out $2.csr
      openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days $3 \\
        -extfile $2.ext -out $2.pem
    }
    issue ours workload 20 spiffe://example.org/ns/prod/sa/api "/O=test/CN=api"
    issue ours rotated 20 spiffe://example.org/ns/prod/sa/api "/O=test/CN=api"
    issue ours expired 0 spiffe://example.org/ns/prod/sa/api "/O=test/CN=api"
    issue ours web 20 spiffe://example.org/ns/prod/sa/web '/O=test, "quoted"/CN=web'
    issue ours other 20 spiffe://example.org/ns/prod/sa/other "/O=test"
    issue theirs stranger 20 spiffe://example.org/ns/prod/sa/web "/O=test"
    """

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
  }

  static func svid(_ name: String) throws -> X509SVID {
    try X509SVID(chainPEM: bytes("\(name).pem"), keyPEM: bytes("\(name).key"))
  }

  static func bundles() throws -> TrustBundles {
    TrustBundles([try TrustDomain("example.org"): try TrustBundle(pem: bytes("ours.pem"))])
  }

  /// What a worker is given.
  static func identity(_ name: String = "workload") throws -> IdentitySnapshot {
    let svid = try svid(name)
    return IdentitySnapshot(
      svid: svid, inbound: try .inbound(svid: svid, bundles: bundles()),
      mutual: try .mutual(svid: svid, bundles: bundles()))
  }
}
