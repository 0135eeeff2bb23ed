internal import LogModel
package import SegmentCatalog
internal import StoreFormat
internal import Synchronization
internal import SystemIO
internal import Workers

/// The one place where the set of segments changes: in the catalog first, then in memory, one change at a time.
///
/// The segment files say by their names and footers all that is needed to make the catalog again. So a catalog that
/// cannot be written does not stop the store: what happens is reported, the catalog is behind, and it is written anew
/// with the next change that it takes.
package final class SegmentLedger: Sendable {
    private struct Book: Sendable {
        var catalog: SegmentCatalog
        /// Whether the catalog on the disk says what the store knows.
        var isBehind: Bool
    }

    private let book: Mutex<Book>
    private let state: Monitor<StoreState>
    private let options: StoreOptions
    let report: @Sendable (String) -> Void

    init(
        _ catalog: SegmentCatalog, isBehind: Bool, _ state: Monitor<StoreState>, _ options: StoreOptions,
        _ report: @escaping @Sendable (String) -> Void
    ) {
        book = Mutex(Book(catalog: catalog, isBehind: isBehind))
        self.state = state
        self.options = options
        self.report = report
    }

    /// Whether the catalog on the disk could not be brought up to date.
    package var isBehind: Bool { book.withLock { $0.isBehind } }

    /// The segments as they are now.
    package var segments: SegmentSet { state.withLock { $0.segments } }

    /// The segments in use that cannot be read at present.
    var unreadable: UnreadableSegments { state.withLock { $0.unreadable } }

    /// Makes a change of the set of segments. It is in the catalog, or reported as missing there, when this returns.
    ///
    /// - Parameter change: changes a copy of the set and gives the changes of the catalog; throws to change nothing.
    /// - Throws: what `change` throws.
    package func commit<E: Error>(_ change: (inout SegmentSet) throws(E) -> [CatalogChange]) throws(E) {
        try commit(change) { _ in }
    }

    /// As ``commit(_:)``, with more to be done in the same moment in which queries see the change.
    func commit<E: Error>(
        _ change: (inout SegmentSet) throws(E) -> [CatalogChange], together: (inout StoreState) -> Void
    ) throws(E) {
        try book.withLock { (book) throws(E) in
            var segments = self.segments
            let changes = try change(&segments)
            write(changes, segments, &book)
            state.withLock { state in
                // Reservations may have come and gone meanwhile; all else changes only here.
                segments.keepClaims(of: state.segments)
                state.segments = segments
                together(&state)
            }
        }
        state.broadcast()
    }

    /// Writes the catalog anew when it is behind.
    package func catchUp() {
        book.withLock { book in
            if book.isBehind { write([], segments, &book) }
        }
    }

    /// Takes a segment that cannot be read out of use and moves it into the quarantine. Segments that it was made of, and
    /// whose bytes are still there, count again. Without effect when it is not in use any more.
    func setAside(_ segment: StoredSegment, in directory: SegmentDirectory, because error: any Error) {
        var revived: [StoredSegment] = []
        var isLive = true
        commit { segments in
            isLive = segments.live.contains { $0 === segment }
            guard isLive else { return [] }
            var changes = segments.drop(segment.record.name)
            for old in segments.superseded(by: segment.record) {
                let source = directory.segment(old)
                guard (try? source.reader()) != nil else { continue }
                revived.append(source)
                changes += segments.reinstate(source)
            }
            return changes
        } together: { state in
            guard isLive else { return }
            let lost = segment.record.rows - revived.reduce(0) { $0 + $1.record.rows }
            state.counters.quarantined += 1
            if lost > 0 { state.lose(lost, of: segment.record, because: "\(error)") }
        }
        guard isLive else { return }
        let place = directory.setAside(segment.record.name)
        let (low, high) = (segment.record.timeBounds.lowerBound, segment.record.timeBounds.upperBound)
        report(
            "segment \(place) is damaged and set aside: \(error); it held \(segment.record.rows) events from "
                + "\(Timestamp(nanoseconds: low)) to \(Timestamp(nanoseconds: high))"
                + (revived.isEmpty ? "" : "; \(revived.count) segments that it was made of are used instead"))
    }

    /// Leaves a segment in use that cannot be read at present, and reports it when that is new.
    func leave(_ segment: StoredSegment, failed: UnreadableSegments.Failure, because error: IOError) {
        let name = segment.record.name
        let isNew = state.withLock { state in
            state.unreadable.note(name, failed, now: SystemClock.monotonicNanos())
        }
        guard isNew else { return }
        report(
            "\(error): the segment stays where it is; until it can be read, \(segment.eventCount) are missing from answers"
        )
    }

    /// Tries the segments again that could not be read, when their time has come.
    func retryUnreadable(in directory: SegmentDirectory) {
        for name in state.withLock({ $0.unreadable.due(now: SystemClock.monotonicNanos()) }) {
            guard let segment = segments.live.first(where: { $0.record.name == name }) else {
                state.withLock { $0.unreadable.forget(name) }
                continue
            }
            do {
                let reader = try segment.reader()
                if segment.isProvisional { try admit(segment, reader, in: directory) }
                state.withLock { $0.unreadable.forget(name) }
                report("segment \(name) can be opened again")
            } catch let error as IOError where !error.isMissing {
                leave(segment, failed: .opening, because: error)
            } catch  where segment.record.tier == .cold {
                // What is wrong in the object store, queries say.
                state.withLock { $0.unreadable.forget(name) }
            } catch {
                state.withLock { $0.unreadable.forget(name) }
                setAside(segment, in: directory, because: error)
            }
        }
    }

    private func admit(_ segment: StoredSegment, _ reader: SegmentReader, in directory: SegmentDirectory) throws {
        let record = SegmentRecord(
            reader.footer, name: segment.record.name, bytes: segment.record.bytes, createdAt: SystemClock.wallNanos())
        let known = directory.segment(record)
        try commit { (segments) throws(StoreError) in
            try segments.admit(known)
        } together: { state in
            state.segments.release([record.name])
        }
    }

    private func write(_ changes: [CatalogChange], _ segments: SegmentSet, _ book: inout Book) {
        do throws(CatalogError) {
            if book.isBehind {
                if book.catalog.path != options.catalog { book.catalog = try reopened() }
                try book.catalog.replaceAll(segments.records)
                book.isBehind = false
                report("the catalog \(options.catalog) is up to date again")
            } else {
                try book.catalog.apply(changes)
            }
        } catch {
            if !book.isBehind {
                report("\(error); the segments are kept, and the catalog is written anew when it can be")
            }
            book.isBehind = true
            guard error.isAboutContent, let reopened = try? reopened() else { return }
            book.catalog = reopened
            guard (try? reopened.replaceAll(segments.records)) != nil else { return }
            book.isBehind = false
        }
    }

    private func reopened() throws(CatalogError) -> SegmentCatalog {
        let opened = try SegmentCatalog.open(options.catalog, quarantine: options.catalogQuarantine)
        if let aside = opened.setAside { report("\(aside.reason); it was set aside as \(aside.path)") }
        return opened.catalog
    }
}
