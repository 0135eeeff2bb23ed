import LogModel

/// Text taken apart in the plainest way: a scalar or a byte that is no UTF-8, one after the other.
struct PlainText {
    struct Unit: Equatable {
        var scalar: Unicode.Scalar?
        var bytes: [UInt8]

        var isWord: Bool {
            guard let scalar else { return false }
            if scalar == "_" { return true }
            return switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber:
                true
            default: false
            }
        }
    }

    let units: [Unit]

    init(_ bytes: [UInt8]) {
        var units: [Unit] = []
        var index = 0
        while index < bytes.count {
            var unit = Unit(scalar: nil, bytes: [bytes[index]])
            for width in 1...4 where index + width <= bytes.count {
                let part = Array(bytes[index..<(index + width)])
                guard let text = String(validating: part, as: UTF8.self), let scalar = text.unicodeScalars.first else {
                    continue
                }
                unit = Unit(scalar: scalar, bytes: part)
                break
            }
            units.append(unit)
            index += unit.bytes.count
        }
        self.units = units
    }

    /// Offsets at which characters of words start, and at which they end.
    var wordEdges: (starts: Set<Int>, ends: Set<Int>) {
        var starts: Set<Int> = []
        var ends: Set<Int> = []
        var offset = 0
        for unit in units {
            if unit.isWord {
                starts.insert(offset)
                ends.insert(offset + unit.bytes.count)
            }
            offset += unit.bytes.count
        }
        return (starts, ends)
    }

    /// The words, in order.
    var words: [[UInt8]] {
        units.split { !$0.isWord }.map { $0.flatMap(\.bytes) }
    }

    /// The first place behind a phrase that stands in a value without a word going on at its ends.
    static func end(of phrase: [UInt8], in value: [UInt8], isPrefix: Bool = false, ignoringCase: Bool = false) -> Int? {
        let wanted = ignoringCase ? folded(phrase) : phrase
        let text = ignoringCase ? folded(value) : value
        guard text.count >= wanted.count else { return nil }
        let (starts, ends) = PlainText(text).wordEdges
        let own = PlainText(wanted).wordEdges
        for start in 0...(text.count - wanted.count) {
            let end = start + wanted.count
            guard Array(text[start..<end]) == wanted else { continue }
            if own.starts.contains(0), ends.contains(start) { continue }
            if !isPrefix, own.ends.contains(wanted.count), starts.contains(end) { continue }
            return end
        }
        return nil
    }

    private static func folded(_ bytes: [UInt8]) -> [UInt8] {
        PlainText(bytes).units.flatMap { unit -> [UInt8] in
            guard let scalar = unit.scalar else { return unit.bytes }
            let lower = scalar.properties.lowercaseMapping
            return lower.unicodeScalars.count == 1 ? Array(lower.utf8) : unit.bytes
        }
    }

    static func contains(_ part: [UInt8], in value: [UInt8]) -> Bool {
        part.isEmpty || value.indices.contains { value[$0...].starts(with: part) }
    }
}
