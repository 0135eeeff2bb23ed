package import LogModel

/// Events that were dropped, and bytes that were never read, which the collector has not been told of, bounded; the rest
/// is in the spool's ledger. Pure.
package struct DropLog: Sendable {
    /// Where some of the events came from.
    package struct Origin: Sendable, Equatable {
        /// The file.
        package var path: String
        /// The bytes between which they lie.
        package var bytes: Range<Int>
        /// How many.
        package var events: Int
    }

    /// Events of one level that went for one reason.
    package struct Entry: Sendable, Equatable {
        /// Grows, and always stands for the same events: made of the number in the ledger, the reason's place in its
        /// entry, and the level.
        package var number: UInt64
        /// How many events.
        package var events: Int
        /// Their level.
        package var level: Level
        /// Why, as a word.
        package var reason: String
        /// Their earliest and latest time; of what was never read, when it was written at the earliest and the latest.
        package var times: ClosedRange<Timestamp>
        /// Bytes of what was never read, as far as known; 0 otherwise.
        package var bytes = 0
        /// The file, the end of a long path; empty where there are several, or none.
        package var source = ""
        /// Where events came from; the first of these only.
        package var origins: [Origin] = []
    }

    /// Bytes of a path that are told as ``Entry/source``.
    private static let sourceBytes = 200
    /// Entries that are told at once; more are told when the collector has these.
    package static let maximumEntries = 256
    /// Files that are named for one entry.
    package static let maximumOrigins = 8
    /// Reasons that one entry of the ledger can have apart; four bits of a number are for them.
    private static let maximumReasons = 16

    /// What has not been told, by number.
    package private(set) var entries: [Entry] = []
    /// The numbers of what the collector has, as long as a crash may forget that it does.
    private var unsaved: [UInt64] = []

    /// Makes an empty log.
    package init() {}

    /// Takes the drops of an entry of the ledger, unless there are too many already.
    ///
    /// - Returns: whether they were taken.
    package mutating func take(_ number: UInt64, _ drops: [DropNote]) -> Bool {
        var window = ReportWindow(reports: entries.count + unsaved.count)
        guard window.take(drops) else { return false }
        let reasons = Self.reasons(of: drops)
        var found: [UInt64: Entry] = [:]
        for drop in drops {
            let place = Self.place(of: drop.reason, in: reasons)
            let key = number &<< 7 | UInt64(place) << 3 | UInt64(drop.level.rawValue)
            let source = String(decoding: drop.path.utf8.suffix(Self.sourceBytes), as: UTF8.self)
            var entry =
                found[key]
                ?? Entry(
                    number: key, events: 0, level: drop.level, reason: reasons[place], times: drop.times,
                    source: source)
            entry.events += drop.events
            entry.times = entry.times.joined(with: drop.times)
            if entry.source != source { entry.source = "" }
            if drop.events == 0 {
                entry.bytes &+= drop.bytes.count
            } else if !drop.path.isEmpty, entry.origins.count < Self.maximumOrigins {
                entry.origins.append(Origin(path: drop.path, bytes: drop.bytes, events: drop.events))
            }
            found[key] = entry
        }
        entries.append(contentsOf: found.values.sorted { $0.number < $1.number })
        return true
    }

    /// How many reports these drops of one entry make.
    static func reports(of drops: [DropNote]) -> Int {
        let reasons = reasons(of: drops)
        return Set(drops.map { place(of: $0.reason, in: reasons) << 3 | Int($0.level.rawValue) }).count
    }

    private static func reasons(of drops: [DropNote]) -> [String] {
        var reasons: [String] = []
        for drop in drops where reasons.count < maximumReasons && !reasons.contains(drop.reason) {
            reasons.append(drop.reason)
        }
        return reasons
    }

    private static func place(of reason: String, in reasons: [String]) -> Int {
        reasons.firstIndex(of: reason) ?? reasons.count - 1
    }

    /// Notes what the collector has.
    package mutating func acknowledged(upTo number: UInt64) {
        let known = entries.prefix { $0.number <= number }.map(\.number)
        entries.removeFirst(known.count)
        unsaved += known
    }

    /// Notes up to which entry of the ledger no crash can forget what the collector has.
    package mutating func saved(through entry: UInt64) { unsaved.removeAll { $0 >> 7 <= entry } }

    /// Up to which entry of the ledger the collector knows of all drops.
    ///
    /// - Parameter taken: entries up to this one were taken, or have no drops.
    /// - Returns: the number of the entry.
    package func reported(taken: UInt64) -> UInt64 { entries.first.map { ($0.number >> 7) - 1 } ?? taken }
}
