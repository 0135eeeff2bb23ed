internal import LogModel
internal import StoreFormat

extension Scan {
    /// One row that may be among the first: its place in time and where it is.
    struct Candidate {
        var cursor: RowCursor
        var block: Int
        var row: Int
    }

    /// Rows of the first piece that is handed on.
    private static let firstPieceRows = 256
    /// Rows that are read at once at most.
    private static let pieceRows = 4_096
    /// Bytes of their values; rows that are longer are read fewer at once.
    private static let pieceBytes = 8 << 20

    /// Hands on the first rows by time, in two passes: the first looks at times alone and stops at blocks that lie
    /// wholly behind the rows it has, the second reads the other columns, of the chosen rows only.
    mutating func ordered(_ all: [any BlockSource], _ look: BlockLook) throws {
        let wanted = plan.limit.map { $0 &+ plan.offset } ?? .max
        let newest = plan.order == .newestFirst
        func precedes(_ left: RowCursor, _ right: RowCursor) -> Bool { newest ? left > right : left < right }
        /// Whether a block lies wholly among the rows of earlier pages.
        func isBefore(_ source: any BlockSource) -> Bool {
            guard let after = options.after else { return false }
            return newest
                ? source.timeBounds.lowerBound > after.time : source.timeBounds.upperBound < after.time
        }
        let sources = options.countsHits && !options.isResumable ? all : all.filter { !isBefore($0) }
        let ahead = LookAhead(sources, look, options)
        defer { ahead.end() }
        // A heap whose root is the last of the first rows.
        let claim = MemoryClaim(options.budget)
        var heap = BoundedHeap<Candidate>(limit: wanted) { precedes($0.cursor, $1.cursor) }
        for (index, source) in sources.enumerated() {
            // A block that lies wholly behind the rows there are, or among those of earlier pages, is only counted.
            let isOut = lies(source, behind: heap.worst?.cursor)
            if isOut, !options.countsHits { break }
            guard try mayGoOn(sources[index...]) else { break }
            var finding = ahead.finding(index)
            if options.isResumable { finding.keep { try options.keepWhatIsLeft(of: source, $0, &$1) } }
            try note(finding, of: source)
            guard case .rows(let columns, let rows) = finding.content, !rows.isEmpty, !isOut, !isBefore(source) else {
                continue
            }
            do {
                let times = try columns.times()
                let ids = try columns.ids()
                rows.forEach { row in
                    guard options.ids.contains(ids[row]) else { return }
                    let cursor = RowCursor(time: times[row], id: ids[row])
                    if let after = options.after, !precedes(after, cursor) { return }
                    heap.insert(Candidate(cursor: cursor, block: index, row: row))
                }
            } catch {
                unreadable(source, rows: rows.count, error)
            }
            try claim.set(
                heap.count * MemoryLayout<Candidate>.stride, "\(heap.count) rows to order",
                "add a limit or narrow the filter")
        }
        ahead.end()
        var chosen = heap.sorted().dropFirst(plan.offset)
        if options.isResumable, let skipped = summary.skipped {
            chosen = chosen.prefix { skipped.isBehind($0.cursor, plan.order) }
        }
        try handOn(chosen, sources, look)
    }

    private func lies(_ source: any BlockSource, behind worst: RowCursor?) -> Bool {
        guard let worst else { return false }
        return plan.order == .newestFirst
            ? source.timeBounds.upperBound < worst.time : source.timeBounds.lowerBound > worst.time
    }

    mutating func handOn(
        _ chosen: ArraySlice<Candidate>, _ sources: [any BlockSource], _ look: BlockLook
    ) throws {
        // Pieces of bounded size, each read block by block and put back into order.
        let hasManyNames =
            plan.needed.areOpen
            && chosen.contains {
                sources[$0.block].fieldNameCount > BlockColumns.fewNames
            }
        let most = hasManyNames ? BlockColumns.fewRows : Self.pieceRows
        var count = min(most, Self.firstPieceRows)
        var rest = chosen
        while !rest.isEmpty {
            try options.checkCancelled()
            guard let piece = try read(rest.prefix(count), sources, look) else {
                count = max(1, min(count, rest.count) / 4)
                continue
            }
            rest = rest.dropFirst(count)
            guard let last = piece.cursors.last else { continue }
            summary.lastRow = last
            // The next piece has as many rows as fit if they are as long as these; never many more at once, for the
            // first rows may just have been short.
            let rowBytes = max(1, piece.memoryBytes / piece.rows.count)
            count = max(1, min(most, count * 4, Self.pieceBytes / rowBytes))
            if try !traced(.pipes, { try output.process(piece) }) { return }
        }
    }

    /// The rows of a piece in their order; nil when they are too many to be read at once.
    private mutating func read(
        _ piece: ArraySlice<Candidate>, _ sources: [any BlockSource], _ look: BlockLook
    ) throws -> ResultBlock? {
        var rowsByBlock: [Int: RowBitmap] = [:]
        for candidate in piece {
            let empty = RowBitmap(rowCount: sources[candidate.block].rowCount, filled: false)
            rowsByBlock[candidate.block, default: empty].insert(candidate.row)
        }
        var blocks: [ResultBlock] = []
        // For each block that could be read: its index in `blocks`, and the place of each of its rows in there.
        var places: [Int: (index: Int, row: [Int: Int])] = [:]
        let claim = MemoryClaim(options.budget)
        var bytes = 0
        for (index, rows) in rowsByBlock {
            let block: ResultBlock
            do {
                block = try traced(.columns) {
                    try look.result(BlockColumns(sources[index], options.trace), rows).compacted()
                }
            } catch {
                unreadable(sources[index], rows: rows.count, error)
                continue
            }
            bytes += block.memoryBytes
            if bytes > Self.pieceBytes, piece.count > 1 { return nil }
            // They are put together into one block, too.
            try claim.set(bytes * 2, "\(piece.count) rows of the result", "name the fields that are wanted")
            let numbered = rows.rows.enumerated().map { ($1, $0) }
            places[index] = (blocks.count, Dictionary(uniqueKeysWithValues: numbered))
            blocks.append(block)
        }
        var picks: [(block: Int, row: Int)] = []
        var cursors: [RowCursor] = []
        for candidate in piece {
            guard let place = places[candidate.block], let row = place.row[candidate.row] else { continue }
            picks.append((place.index, row))
            cursors.append(candidate.cursor)
        }
        return .gathering(picks, from: blocks, cursors: cursors)
    }
}

extension ExecutionOptions {
    /// Takes out the rows of a block that are not behind ``after``, or not among ``ids``.
    fileprivate func keepWhatIsLeft(
        of source: any BlockSource, _ columns: BlockColumns, _ rows: inout RowBitmap
    ) throws {
        let isMixed = after.map { source.timeBounds.contains($0.time) } ?? false
        let hasLater = !ids.contains(source.idBounds.lowerBound) || !ids.contains(source.idBounds.upperBound)
        guard isMixed || hasLater else { return }
        let (times, rowIDs) = (try columns.times(), try columns.ids())
        var kept = RowBitmap(rowCount: rows.rowCount, filled: false)
        rows.forEach { row in
            guard ids.contains(rowIDs[row]) else { return }
            let cursor = RowCursor(time: times[row], id: rowIDs[row])
            if let after, order == .newestFirst ? after <= cursor : cursor <= after { return }
            kept.insert(row)
        }
        rows = kept
    }
}

/// Keeps the first `limit` elements of any number, by an order. The root is the last of them.
struct BoundedHeap<Element> {
    private var storage: [Element] = []
    private let limit: Int
    private let precedes: (Element, Element) -> Bool

    init(limit: Int, _ precedes: @escaping (Element, Element) -> Bool) {
        self.limit = limit
        self.precedes = precedes
    }

    var count: Int { storage.count }

    /// The last of the kept elements once there are as many as may be; nil before.
    var worst: Element? { storage.count >= limit ? storage.first : nil }

    mutating func insert(_ element: Element) {
        if limit == 0 { return }
        if storage.count < limit {
            storage.append(element)
            if limit != .max { siftUp() }
        } else if precedes(element, storage[0]) {
            storage[0] = element
            siftDown()
        }
    }

    func sorted() -> [Element] {
        storage.sorted(by: precedes)
    }

    private mutating func siftUp() {
        var child = storage.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(storage[parent], storage[child]) else { return }
            storage.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var last = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < storage.count {
                if precedes(storage[last], storage[child]) { last = child }
            }
            if last == parent { return }
            storage.swapAt(parent, last)
            parent = last
        }
    }
}
