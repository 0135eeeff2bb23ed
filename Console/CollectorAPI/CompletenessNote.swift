/// What the header `Lodge-Completeness` of an answer says, for people.
package struct CompletenessNote: Sendable, Equatable {
    /// The name of the header.
    package static let header = "Lodge-Completeness"

    /// One line without a full stop: `not complete: 2 agents are behind or silent, 1 gap of dropped events`.
    package var text: String

    /// Reads the header's value; nil when the answer is complete, or says nothing about it.
    package init?(header value: String?) {
        guard let value, value != "complete" else { return nil }
        var parts: [String] = []
        for part in value.utf8.prefix(400).split(separator: UInt8(ascii: ",")) {
            let pair = String(decoding: part, as: UTF8.self).filter { $0 != " " }.split(separator: "=")
            guard pair.count == 2, let count = Int(pair[1]), count > 0 else { continue }
            let one = count == 1
            switch pair[0] {
            case "not_arrived": parts.append("\(count) \(one ? "agent is" : "agents are") behind or silent")
            case "dropped": parts.append("\(count) \(one ? "gap" : "gaps") of events that were not delivered")
            case "skipped": parts.append("\(count) \(one ? "interval was" : "intervals were") skipped by a limit")
            case "unavailable": parts.append("\(count) \(one ? "segment" : "segments") unavailable")
            default: continue
            }
        }
        if parts.isEmpty { return nil }
        text = "not complete: " + parts.joined(separator: ", ")
    }
}
