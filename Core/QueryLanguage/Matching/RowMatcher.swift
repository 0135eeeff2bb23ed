package import LogModel

/// A filter made ready to be put to the rows of batches, as the live tail does.
///
/// Fields, labels of the stream, and the fields `_msg`, `_time`, `_stream` and `_stream_id` are all the same to the
/// filter. A field of the event hides a label of the same name.
package struct RowMatcher: Sendable {
    /// The filter as a list; a node's members are a run of `children`.
    struct Node: Sendable {
        enum Kind: Sendable {
            case all, and, or, not
            /// Index into `leaves`.
            case leaf(Int)
            /// Index into `selectors`.
            case stream(Int)
            /// First and last nanosecond; nil when no time will do.
            case time(ClosedRange<Int64>?)
            case clock(ClockFilter)
            /// Index into `comparisons`.
            case comparison(Int)
        }
        var kind: Kind
        var children: Range<Int> = 0..<0
    }

    /// A test of one field.
    struct Leaf: Sendable {
        var field: String
        var matcher: ValueMatcher
    }

    let nodes: [Node]
    let children: [Int]
    let leaves: [Leaf]
    let selectors: [StreamMatcher]
    let comparisons: [FieldComparison]
    let root: Int

    /// Makes a filter ready.
    ///
    /// - Parameters:
    ///   - filter: the filter.
    ///   - now: what relative times count from; they do not move on with the clock.
    package init(_ filter: Filter, now: Timestamp) {
        var builder = Builder(now: now)
        root = builder.add(filter)
        nodes = builder.nodes
        children = builder.children
        leaves = builder.leaves
        selectors = builder.selectors
        comparisons = builder.comparisons
    }

    /// Resolves names and judges streams once, for all rows of a batch.
    package func prepare(_ batch: EventBatch) -> PreparedRowMatcher {
        PreparedRowMatcher(self, batch)
    }

    /// Whether a row passes. For more than one row of a batch, ``prepare(_:)`` it once.
    package func matches(_ batch: EventBatch, row: Int) -> Bool {
        prepare(batch).matches(row: row)
    }

    private struct Builder {
        var now: Timestamp
        var nodes: [Node] = []
        var children: [Int] = []
        var leaves: [Leaf] = []
        var selectors: [StreamMatcher] = []
        var comparisons: [FieldComparison] = []

        mutating func add(_ filter: Filter) -> Int {
            switch filter {
            case .all: return append(.all)
            case .and(let members): return append(.and, members)
            case .or(let members): return append(.or, members)
            case .not(let inner): return append(.not, [inner])
            case .field(let name, let test):
                leaves.append(Leaf(field: name, matcher: ValueMatcher(test)))
                return append(.leaf(leaves.count - 1))
            case .stream(let selector):
                selectors.append(StreamMatcher(selector))
                return append(.stream(selectors.count - 1))
            case .time(let filter): return append(.time(filter.bounds(now: now)))
            case .clock(let filter): return append(.clock(filter))
            case .comparison(let comparison):
                comparisons.append(comparison)
                return append(.comparison(comparisons.count - 1))
            // Its values are not known here; callers refuse such filters.
            case .subquery: return append(.time(nil))
            }
        }

        private mutating func append(_ kind: Node.Kind, _ members: [Filter] = []) -> Int {
            let indexes = members.map { add($0) }
            let start = children.count
            children.append(contentsOf: indexes)
            nodes.append(Node(kind: kind, children: start..<children.count))
            return nodes.count - 1
        }
    }
}

/// A ``RowMatcher`` together with one batch.
package struct PreparedRowMatcher: Sendable {
    /// Where a leaf finds its value.
    private enum Place: Sendable {
        case message
        case time
        /// Nothing but the stream decides.
        case stream
        /// A field of the row, by its number in the batch; else the stream decides.
        case field(UInt32)
    }

    private let matcher: RowMatcher
    private let batch: EventBatch
    private let places: [Place]
    /// For each leaf, for each stream: whether the stream's own value passes.
    private let leafByStream: [[Bool]]
    /// For each selector, for each stream.
    private let selectorByStream: [[Bool]]

    fileprivate init(_ matcher: RowMatcher, _ batch: EventBatch) {
        self.matcher = matcher
        self.batch = batch
        places = matcher.leaves.map { leaf in
            switch leaf.field {
            case FieldName.message: return .message
            case FieldName.time: return .time
            case FieldName.stream, FieldName.streamID: return .stream
            default:
                guard let index = batch.fieldNames.firstIndex(of: leaf.field) else { return .stream }
                return .field(UInt32(truncatingIfNeeded: index))
            }
        }
        leafByStream = matcher.leaves.map { leaf in
            batch.streams.map { stream in
                PreparedRowMatcher.value(of: leaf.field, in: stream).withUnsafeBytes { leaf.matcher.matches($0) }
            }
        }
        selectorByStream = matcher.selectors.map { selector in batch.streams.map { selector.matches($0) } }
    }

    /// Whether a row passes.
    ///
    /// - Precondition: the batch has that row.
    package func matches(row: Int) -> Bool {
        batch.arena.withUnsafeBytes { arena in passes(matcher.root, row: row, arena: arena) }
    }

    /// The rows that pass, in order.
    package func matchingRows() -> [Int] {
        batch.arena.withUnsafeBytes { arena in
            (0..<batch.count).filter { passes(matcher.root, row: $0, arena: arena) }
        }
    }

    private func passes(_ index: Int, row: Int, arena: UnsafeRawBufferPointer) -> Bool {
        let node = matcher.nodes[index]
        switch node.kind {
        case .all: return true
        case .and:
            for child in node.children where !passes(matcher.children[child], row: row, arena: arena) { return false }
            return true
        case .or:
            for child in node.children where passes(matcher.children[child], row: row, arena: arena) { return true }
            return false
        case .not: return !passes(matcher.children[node.children.lowerBound], row: row, arena: arena)
        case .time(let bounds): return bounds?.contains(batch.timestamps[row]) ?? false
        case .clock(let filter): return filter.matches(batch.timestamps[row])
        case .comparison(let index):
            let comparison = matcher.comparisons[index]
            let (left, right) = (value(of: comparison.field, row), value(of: comparison.other, row))
            return left.withUnsafeBytes { left in right.withUnsafeBytes { comparison.matches(left, $0) } }
        case .stream(let selector): return selectorByStream[selector][Int(batch.streamIndexes[row])]
        case .leaf(let leaf): return passes(leaf: leaf, row: row, arena: arena)
        }
    }

    private func passes(leaf: Int, row: Int, arena: UnsafeRawBufferPointer) -> Bool {
        switch places[leaf] {
        case .message: return passes(leaf: leaf, batch.messages[row], arena: arena)
        case .time:
            // Only a test made by hand looks at the text of a time; queries have the time filter.
            let text = Timestamp(nanoseconds: batch.timestamps[row]).description
            return Array(text.utf8).withUnsafeBytes { matcher.leaves[leaf].matcher.matches($0) }
        case .stream: break
        case .field(let name):
            // Of two fields with one name the later counts.
            var entry = Int(batch.fieldStarts[row + 1]) - 1
            while entry >= Int(batch.fieldStarts[row]) {
                if batch.fields[entry].name == name {
                    return passes(leaf: leaf, batch.fields[entry].value, arena: arena)
                }
                entry -= 1
            }
        }
        return leafByStream[leaf][Int(batch.streamIndexes[row])]
    }

    private func passes(leaf: Int, _ range: ByteRange, arena: UnsafeRawBufferPointer) -> Bool {
        let value = UnsafeRawBufferPointer(rebasing: arena[Int(range.offset)..<range.end])
        return matcher.leaves[leaf].matcher.matches(value)
    }

    /// A copy of the value of a field. Slow: comparisons of fields in a live tail are rare.
    private func value(of field: String, _ row: Int) -> [UInt8] {
        func copy(_ range: ByteRange) -> [UInt8] { Array(batch.arena[Int(range.offset)..<range.end]) }
        switch field {
        case FieldName.message: return copy(batch.messages[row])
        case FieldName.time: return Array(Timestamp(nanoseconds: batch.timestamps[row]).description.utf8)
        default:
            let own = batch.fields[Int(batch.fieldStarts[row])..<Int(batch.fieldStarts[row + 1])]
            if !FieldName.isReserved(field),
                let entry = own.last(where: { batch.fieldNames[Int($0.name)] == field })
            {
                return copy(entry.value)
            }
            return PreparedRowMatcher.value(of: field, in: batch.streams[Int(batch.streamIndexes[row])])
        }
    }

    private static func value(of field: String, in stream: StreamIdentity) -> [UInt8] {
        switch field {
        case FieldName.stream: return Array(stream.text.utf8)
        case FieldName.streamID:
            let id = stream.id
            return Array((hexadecimal(id.high) + hexadecimal(id.low)).utf8)
        default: return stream.value(of: field) ?? []
        }
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
