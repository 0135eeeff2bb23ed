package import LineFormats
import SavedState

/// Why the document of a ``GapBook`` is not understood.
package struct GapBookError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence without a full stop.
    package var description: String
}

extension GapBook: SavedDocument {
    private static let version = 1

    /// The document that is kept on disk.
    package var document: JSONValue {
        [
            "version": .integer(Self.version), "next": .integer(next), "joined": .integer(joined),
            "gaps": .array(gaps.map { Self.document($0) }),
        ]
    }

    /// Reads what ``document`` made.
    ///
    /// - Throws: ``GapBookError`` naming what is missing or wrong.
    package init(saved document: JSONValue) throws(GapBookError) {
        self.init()
        guard document["version"]?.int == Self.version else {
            throw GapBookError(description: "its version is not \(Self.version)")
        }
        func number<N: FixedWidthInteger>(_ value: JSONValue, _ name: String, _: N.Type) throws(GapBookError) -> N {
            guard case .number(let text)? = value[name], let number = N(text) else {
                throw GapBookError(description: "`\(name)` is missing or no whole number")
            }
            return number
        }
        func count(_ value: JSONValue, _ name: String) throws(GapBookError) -> Int {
            let count = try number(value, name, Int.self)
            guard count >= 0 else { throw GapBookError(description: "`\(name)` is negative") }
            return count
        }
        func text(_ value: JSONValue, _ name: String) -> String { value[name]?.string ?? "" }
        next = try number(document, "next", UInt64.self)
        joined = try number(document, "joined", UInt64.self)
        guard let list = document["gaps"]?.array else { throw GapBookError(description: "`gaps` is missing") }
        for value in list {
            guard let kind = value["kind"]?.string.flatMap({ Gap.Kind(rawValue: $0) }) else {
                throw GapBookError(description: "a gap is of no kind that is known")
            }
            let (low, high) = (try number(value, "from", Int64.self), try number(value, "to", Int64.self))
            guard low <= high else { throw GapBookError(description: "a gap ends before it begins") }
            var positions: ClosedRange<UInt64>?
            if value["first"] != nil {
                let (first, last) = (try number(value, "first", UInt64.self), try number(value, "last", UInt64.self))
                guard first <= last else { throw GapBookError(description: "a gap ends before it begins") }
                positions = first...last
            }
            gaps.append(
                Gap(
                    number: try number(value, "number", UInt64.self),
                    loss: Gap.Loss(
                        kind, agent: text(value, "agent"), source: text(value, "source"),
                        reason: text(value, "reason"), events: try count(value, "events"),
                        records: try count(value, "records"), bytes: try count(value, "bytes"), times: low...high,
                        positions: positions), reported: try number(value, "reported", Int64.self)))
        }
    }

    private static func document(_ gap: Gap) -> JSONValue {
        let loss = gap.loss
        var members: [JSONValue.Member] = [
            .init("number", .integer(gap.number)), .init("kind", .string(loss.kind.rawValue)),
            .init("agent", .string(loss.agent)), .init("source", .string(loss.source)),
            .init("reason", .string(loss.reason)), .init("events", .integer(loss.events)),
            .init("records", .integer(loss.records)), .init("bytes", .integer(loss.bytes)),
            .init("from", .integer(loss.times.lowerBound)), .init("to", .integer(loss.times.upperBound)),
            .init("reported", .integer(gap.reported)),
        ]
        if let positions = loss.positions {
            members += [
                .init("first", .integer(positions.lowerBound)), .init("last", .integer(positions.upperBound)),
            ]
        }
        return .object(members)
    }
}
