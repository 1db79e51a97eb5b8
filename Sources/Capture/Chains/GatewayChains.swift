internal import Addressing
internal import Configuration

/// The chains of gateway mode. What the gateway's own processes send is nobody's business here.
struct GatewayChains {
  let plan: CapturePlan
  let gateway: Configuration.Capture.Gateway

  private var transit: TransitChains { TransitChains(plan: plan, interfaces: gateway.interfaces) }

  var all: [Chain] {
    [prerouting, input, forward] + transit.all + [RefuseChain(plan: plan).chain]
  }

  /// TPROXY takes every packet of a connection, NAT only the first.
  private var prerouting: Chain {
    switch gateway.method {
    case .redirect:
      Chain(
        ChainName.natPrerouting,
        hook: Hook(.nat, .prerouting, priority: -100, policy: .accept), transit.captureRules)
    case .tproxy:
      Chain(
        ChainName.manglePrerouting,
        hook: Hook(.filter, .prerouting, priority: -150, policy: .accept), transit.captureRules)
    }
  }

  /// The sidecar listens on all addresses, for captured connections only.
  private var input: Chain {
    let ports = plan.ports
    var rules = [
      Rule([.arrivesOnLoopback], [.accept]),
      transit.acceptCaptured(PlanMatches(plan: plan)),
      Rule(
        [.isTCPOrUDP, .port(.transportDestinationPort, [ports.admin, ports.proxy, ports.dns])],
        [.counter, .drop]),
    ]
    if plan.capture.dropInvalid {
      rules += gateway.interfaces.map { Rule([.arrives(on: $0), .isInvalid], [.counter, .drop]) }
    }
    return Chain(
      ChainName.input, hook: Hook(.filter, .input, priority: 0, policy: .accept), rules)
  }

  private var forward: Chain {
    Chain(
      ChainName.forward, hook: Hook(.filter, .forward, priority: 0, policy: .accept),
      transit.forwardRules)
  }
}
