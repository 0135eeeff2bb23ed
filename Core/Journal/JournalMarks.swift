/// Where some records of one file begin, ascending: about one for each ``JournalLimits/markBytes``.
struct JournalMarks: Sendable, Equatable {
    struct Mark: Sendable, Equatable {
        var position: JournalPosition
        var offset: Int
    }

    private var marks: [Mark] = []

    /// Whether a record at `offset` is far enough from the others to be worth remembering.
    func wants(_ offset: Int) -> Bool {
        offset >= (marks.last?.offset ?? 0) + JournalLimits.markBytes
    }

    mutating func add(_ position: JournalPosition, at offset: Int) {
        guard wants(offset), marks.last.map({ $0.position < position }) ?? true else { return }
        marks.append(Mark(position: position, offset: offset))
    }

    /// The last one that is not behind `position`, nil when only the start of the file is.
    ///
    /// - Complexity: O(log marks)
    func last(upTo position: JournalPosition) -> Mark? {
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].position <= position { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : marks[low - 1]
    }
}
