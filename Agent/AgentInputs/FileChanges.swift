/// What decides about which files there are: what must be watched to see all changes.
package struct WatchPlan: Sendable, Equatable {
    /// Directories of which every change matters.
    package var directories: Set<String> = []
    /// Directories, there or not, in which only some names matter: those that lead to others.
    package var names: [String: Set<String>] = [:]

    /// Makes a plan of nothing.
    package init() {}

    /// Adds what another one has.
    mutating func add(_ other: WatchPlan) {
        directories.formUnion(other.directories)
        names.merge(other.names) { $0.union($1) }
    }
}

/// What has changed in watched directories.
package struct FileChanges: Sendable, Equatable {
    /// Paths of files that were written to or cut.
    package var written: Set<String> = []
    /// Paths that name another file now, or none.
    package var named: Set<String> = []
    /// Whether everything must be looked at: directories came, went or moved, or notifications were lost.
    package var isUnclear = false

    /// Makes changes of nothing.
    package init() {}

    /// Adds later changes.
    mutating func add(_ later: FileChanges) {
        written.formUnion(later.written)
        named.formUnion(later.named)
        isUnclear = isUnclear || later.isUnclear
    }
}

/// What came of watching a plan.
package struct WatchResult: Sendable, Equatable {
    /// Directories whose changes are not told, or not all: their files must be looked at.
    package var unwatched: Set<String> = []
    /// Whether a directory is watched that was not before: what happened until then was not told.
    package var hasNew = false
    /// Whether the system has no more watches.
    package var isExhausted = false

    /// Makes a result.
    package init() {}
}
