internal import CNetfilter
internal import Glibc

// Rules and routes as the kernel writes them.

extension RouteMessage {
  /// Asks for all rules of a family.
  static func rules(of family: RoutingFamily) -> RouteMessage {
    RouteMessage(
      type: UInt16(RTM_GETRULE), header: [family.number] + Array(repeating: 0, count: 11))
  }

  /// Asks for all routes of a family that are ours.
  static func routes(of family: RoutingFamily) -> RouteMessage {
    RouteMessage(
      type: UInt16(RTM_GETROUTE),
      header: [family.number, 0, 0, 0, 0, RoutingState.protocolNumber, 0, 0, 0, 0, 0, 0])
  }

  /// Adds a rule. Not exclusively: the kernel would take somebody else's for ours.
  static func adding(_ rule: RoutingState.Rule) -> RouteMessage {
    // struct fib_rule_hdr: family, three of addresses and TOS, table, two reserved, action, flags.
    // The table doesn't fit into its byte and follows as an attribute.
    var message = RouteMessage(
      type: UInt16(RTM_NEWRULE), flags: UInt16(NLM_F_CREATE),
      header: [rule.family.number, 0, 0, 0, 0, 0, 0, UInt8(FR_ACT_TO_TBL)]
        + UInt32(0).hostOrderBytes)
    message.append(FRA_PRIORITY, rule.priority)
    message.append(FRA_FWMARK, rule.rule.mark)
    message.append(FRA_FWMASK, rule.rule.mark)
    message.append(FRA_TABLE, rule.table)
    message.append(FRA_PROTOCOL, [RoutingState.protocolNumber])
    if let interface = rule.rule.interface { message.append(FRA_IIFNAME, text: interface) }
    return message
  }

  /// Adds a route, or leaves it as it is.
  static func adding(_ route: RoutingState.Route) -> RouteMessage {
    // struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type,
    // flags.
    var message = RouteMessage(
      type: UInt16(RTM_NEWROUTE), flags: UInt16(NLM_F_CREATE | NLM_F_REPLACE),
      header: [
        route.family.number, 0, 0, 0, 0, RoutingState.protocolNumber,
        UInt8(RT_SCOPE_HOST.rawValue), UInt8(RTN_LOCAL),
      ] + UInt32(0).hostOrderBytes)
    message.append(Int(RTA_TABLE.rawValue), route.table)
    message.append(Int(RTA_OIF.rawValue), route.interface)
    return message
  }

  /// Deletes what the kernel has listed: exactly that, since all that it consists of is named.
  var deletion: RouteMessage {
    var message = self
    message.type += 1
    message.flags = 0
    return message
  }

  /// What a listed rule is; nil where it is not ours.
  var ownRule: RoutingState.Rule? {
    guard Int(type) == RTM_NEWRULE, let family = RoutingFamily(number: header[0]),
      Int(header[7]) == FR_ACT_TO_TBL, values.byte(FRA_PROTOCOL) == RoutingState.protocolNumber,
      let mark = values.word(FRA_FWMARK)
    else { return nil }
    var rule = RoutingState.Rule(
      family: family, table: values.word(FRA_TABLE) ?? UInt32(header[4]),
      priority: values.word(FRA_PRIORITY) ?? 0,
      rule: RoutingRule(mark: mark, interface: values.text(FRA_IIFNAME)))
    rule.isExact = values.word(FRA_FWMASK) == mark
    return rule
  }

  /// What a listed route is; nil where it is not ours.
  var ownRoute: RoutingState.Route? {
    guard Int(type) == RTM_NEWROUTE, let family = RoutingFamily(number: header[0]),
      header[1] == 0, header[5] == RoutingState.protocolNumber, Int(header[7]) == RTN_LOCAL,
      let interface = values.word(Int(RTA_OIF.rawValue))
    else { return nil }
    return RoutingState.Route(
      family: family, table: values.word(Int(RTA_TABLE.rawValue)) ?? UInt32(header[4]),
      interface: interface)
  }
}

extension RoutingFamily {
  var number: UInt8 {
    switch self {
    case .ipv4: UInt8(AF_INET)
    case .ipv6: UInt8(AF_INET6)
    }
  }

  init?(number: UInt8) {
    switch Int32(number) {
    case AF_INET: self = .ipv4
    case AF_INET6: self = .ipv6
    default: return nil
    }
  }

  var text: String {
    switch self {
    case .ipv4: "IPv4"
    case .ipv6: "IPv6"
    }
  }
}
