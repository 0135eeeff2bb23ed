import SystemIO

/// What reading a whole journal has found, without changing anything.
package struct JournalSurvey: Sendable, Equatable {
    /// Journal files.
    package internal(set) var files = 0
    /// Their bytes.
    package internal(set) var bytes = 0
    /// Good records, checkpoints among them.
    package internal(set) var records: UInt64 = 0
    /// Damages; an interrupted write at the end, which opening the journal cuts off, is not counted.
    package internal(set) var damages = 0
    /// Records lost to them.
    package internal(set) var lostRecords: UInt64 = 0
    /// The numbers from the first file's first one to behind the last record.
    package internal(set) var positions: Range<JournalPosition> = 1..<1
    /// Where the cursors are that could be read.
    package internal(set) var cursors: [String: JournalPosition] = [:]

    /// Reads all records of a journal and compares every checksum, in bounded memory. Nobody may be writing to it.
    ///
    /// - Parameters:
    ///   - path: the directory; one that does not exist is an empty journal.
    ///   - progress: gets the number of bytes after each file, and how many there are in all.
    ///   - found: gets each damage, in the order of the files; the end of an interrupted write too.
    /// - Throws: ``JournalError/unsupportedVersion(file:version:)``, or an error of the file system.
    package init(
        verifying path: String, progress: (Int, Int) -> Void = { _, _ in }, found: (JournalDamage) -> Void
    ) throws(JournalError) {
        guard FileSystem.exists(path) else { return }
        var all = try JournalDirectory.findFiles(path)
        let total = all.reduce(0) { $0 + $1.committedBytes }
        for (index, file) in all.enumerated() {
            let header = try JournalDirectory.header(of: file.path)
            if index == 0, let header { all[0].begunTime = header.createdTime }
            try verify(file, header, bound: index + 1 < all.count ? all[index + 1].first : nil, found)
            files += 1
            bytes += file.committedBytes
            progress(bytes, total)
        }
        try verifyCursors(path, first: all.first, found)
    }

    private mutating func verify(
        _ file: JournalDirectory.File, _ header: JournalFileHeader?, bound: JournalPosition?,
        _ found: (JournalDamage) -> Void
    ) throws(JournalError) {
        let isHeaderGood = header?.firstPosition == file.first
        var scanner: JournalScanner
        do throws(IOError) {
            scanner = JournalScanner(
                try OpenFile(file.path, .read), first: file.first, bound: bound ?? .max, end: file.committedBytes)
        } catch { throw .io(error) }
        let before = records
        let open = scan(&scanner, in: file.path, found)
        if !isHeaderGood, bound != nil || records > before || open.isEmpty {
            report(JournalDamage(headerOf: file, isTornTail: bound == nil && records == before), found)
        }
        if files == 0 { positions = file.first..<file.first }
        positions = positions.lowerBound..<max(positions.lowerBound, bound ?? scanner.expected)
        if let bound {
            for gap in open { report(JournalDamage(gap, in: file.path, bound: bound), found) }
        } else if let first = open.first {
            positions = positions.lowerBound..<max(positions.lowerBound, first.firstLost)
            var tail = first
            tail.length = file.committedBytes - first.offset
            tail.endLost = first.firstLost
            let isUnreadable = open.contains { $0.reason == .unreadable }
            report(
                JournalDamage(
                    isUnreadable ? first : tail, in: file.path, bound: first.firstLost, isTornTail: !isUnreadable),
                found)
        }
    }

    /// - Returns: the gaps behind the last good record.
    private mutating func scan(
        _ scanner: inout JournalScanner, in file: String, _ found: (JournalDamage) -> Void
    ) -> [JournalScanner.Gap] {
        var open: [JournalScanner.Gap] = []
        while true {
            do throws(IOError) {
                switch try scanner.next() {
                case .record(let header, _):
                    for gap in open { report(JournalDamage(gap, in: file, bound: header.position), found) }
                    open = []
                    records += 1
                case .gap(let gap): open.append(gap)
                case .end: return open
                }
            } catch {
                open.append(scanner.unreadableRest)
                return open
            }
        }
    }

    private mutating func verifyCursors(
        _ path: String, first: JournalDirectory.File?, _ found: (JournalDamage) -> Void
    ) throws(JournalError) {
        let (positions, damaged) = try JournalDirectory.cursors(in: path)
        cursors = positions
        for file in damaged { report(JournalDamage(cursor: file), found) }
        if let gone = JournalDamage(before: first, slowestCursor: positions.values.min()) { report(gone, found) }
    }

    private mutating func report(_ damage: JournalDamage, _ found: (JournalDamage) -> Void) {
        var damage = damage
        if !damage.isTornTail {
            let copy = JournalDirectory.quarantinePlace(of: damage, in: FileSystem.parent(of: damage.file))
            if damage.reason != .cursor, FileSystem.exists(copy) { damage.quarantined = copy }
            damages += 1
            lostRecords += UInt64(damage.lost.count)
        }
        found(damage)
    }
}
