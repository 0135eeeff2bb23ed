package import CollectorAPI
import LogModel
package import ScreenModel

/// The search: a query, a window of time, the newest hits page by page, and counts over the window.
package struct SearchScreen: Sendable {
    /// Where the search stands.
    package enum Phase: Sendable, Equatable {
        case idle
        case running
        case done
        case failed(RequestFailure)
    }

    /// Rows asked for at once.
    package static let pageRows = 200
    /// Rows held at most; a search with more hits asks for a narrower window or query.
    package static let maxRows = 10_000
    /// Bytes of rows held at most.
    package static let maxBytes = 32 << 20

    package internal(set) var query = "*"
    package internal(set) var window = TimeWindow.standard
    /// Number of the search wanted now; answers to older ones are refused.
    package internal(set) var number = 0
    package internal(set) var phase = Phase.idle
    package internal(set) var rows: [[UInt8]] = []
    package internal(set) var list = ListView()
    package internal(set) var hits = 0
    package internal(set) var scanned = 0
    package internal(set) var tookNanoseconds: Int64 = 0
    package internal(set) var isComplete = true
    package internal(set) var range: TimeRange?
    package internal(set) var buckets: [HistogramBucket] = []
    package internal(set) var interval: Int64 = 0
    /// Why there are no counts; nil while there are.
    package internal(set) var countFailure: RequestFailure?
    package internal(set) var find: FindText?
    var nextCursor: String?
    var isLoadingPage = false
    private var heldBytes = 0

    package init() {}

    /// Rows held reached their bound.
    package var isFull: Bool { rows.count >= Self.maxRows || heldBytes >= Self.maxBytes }

    /// Asks anew with the present query and window; what was shown stays until the answer is there.
    mutating func run(now: Moment, columns: Int) -> [ConsoleEffect] {
        number += 1
        phase = .running
        isLoadingPage = false
        nextCursor = nil
        countFailure = nil
        let range = window.range(now: now.wall)
        self.range = range
        interval = LevelCountRequest.interval(for: range.length, columns: columns)
        return [
            .cancelSearch, .search(number, SearchRequest(query: query, range: range, limit: Self.pageRows)),
            .count(number, LevelCountRequest(query: query, range: range, interval: interval)),
        ]
    }

    /// Asks for the next page when the cursor comes near the end of what is there.
    mutating func loadMoreIfNeeded() -> [ConsoleEffect] {
        guard let nextCursor, let range, phase == .done, !isLoadingPage, !isFull else { return [] }
        guard list.visible(of: 0..<rows.count).upperBound + list.height > rows.count else { return [] }
        isLoadingPage = true
        let request = SearchRequest(query: query, range: range, limit: Self.pageRows, cursor: nextCursor)
        return [.search(number, request)]
    }

    /// Takes a page, the first or a further one.
    mutating func take(_ result: Result<SearchPage, RequestFailure>, nanoseconds: Int64) {
        switch result {
        case .success(let page):
            if !isLoadingPage {
                rows.removeAll(keepingCapacity: true)
                heldBytes = 0
                hits = page.hits
                scanned = page.scanned
                isComplete = page.isComplete
                tookNanoseconds = nanoseconds
            }
            for row in page.rows where !isFull {
                rows.append(row)
                heldBytes += row.count
            }
            nextCursor = page.nextCursor
            isComplete = isComplete && page.isComplete
            phase = .done
            if isLoadingPage {
                list.settle(rows: 0..<rows.count)
            } else {
                list.anchor(top: 0)
                list.select(0, rows: 0..<rows.count)
            }
        case .failure(let failure):
            phase = .failed(failure)
        }
        isLoadingPage = false
    }

    /// Takes counts and fills the buckets in which nothing was.
    mutating func take(_ result: Result<LevelCounts, RequestFailure>) {
        switch result {
        case .success(let counts):
            guard let range, interval > 0 else { return }
            let first = range.from.floored(toMultipleOf: interval).nanoseconds
            let length = TimeRange(from: Timestamp(nanoseconds: first), to: range.to).length
            let total = Int(min(2000, length / interval + 1))
            var filled = Array(repeating: HistogramBucket(), count: max(1, total))
            for entry in counts.entries {
                let (distance, isFar) = entry.start.nanoseconds.subtractingReportingOverflow(first)
                guard !isFar, distance >= 0, distance / interval < Int64(filled.count) else { continue }
                let at = distance / interval
                switch entry.level {
                case .error, .fatal: filled[Int(at)].fail += entry.count
                case .warn: filled[Int(at)].warn += entry.count
                default: filled[Int(at)].rest += entry.count
                }
            }
            buckets = filled
        case .failure(let failure):
            countFailure = failure
            buckets = []
        }
    }

    /// Goes to the next loaded row that contains what is looked for; false when there is none.
    mutating func findNext(forward: Bool, includingCurrent: Bool = false) -> Bool {
        guard let find, let cursor = list.cursor else { return false }
        let step = forward ? 1 : -1
        var row = includingCurrent ? cursor : cursor + step
        while rows.indices.contains(row) {
            let isHit = rows[row].withUnsafeBytes { bytes in
                guard find.mayOccur(inJSON: bytes), let parsed = LogRow(parsing: bytes, withFields: false) else {
                    return false
                }
                return parsed.message.withUnsafeBytes(find.occurs) || parsed.service.withUnsafeBytes(find.occurs)
            }
            if isHit {
                list.select(row, rows: 0..<rows.count)
                return true
            }
            row += step
        }
        return false
    }

    /// Goes to the next loaded row of such a level; false when there is none.
    mutating func goLevel(_ levels: ClosedRange<Level>, forward: Bool) -> Bool {
        guard let cursor = list.cursor else { return false }
        let step = forward ? 1 : -1
        var row = cursor + step
        while rows.indices.contains(row) {
            if levels.contains(rows[row].withUnsafeBytes { LevelSniffer.level(of: $0) }) {
                list.select(row, rows: 0..<rows.count)
                return true
            }
            row += step
        }
        return false
    }
}
