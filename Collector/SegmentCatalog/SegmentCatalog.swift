internal import GRDB
internal import SystemIO

/// Which segments there are, in a SQLite file: the memory of a store between its runs.
///
/// Each change is one transaction, on the disk when ``apply(_:)`` returns. Nothing here is asked while a query runs. The
/// catalog can always be made again from the segments themselves, so a bad one is set aside rather than repaired. All
/// methods may be called from any thread; they block.
package final class SegmentCatalog: Sendable {
    /// A catalog that is open, and what was found on the way.
    package struct Opened: Sendable {
        /// The catalog.
        package var catalog: SegmentCatalog
        /// All records, in the order of their positions.
        package var records: [SegmentRecord]
        /// The file that could not be used; nil when the one that was there is in use, or none was there.
        package var setAside: SetAside?
    }

    /// A catalog that could not be used.
    package struct SetAside: Sendable, Equatable {
        /// Where the file is now.
        package var path: String
        /// Why it could not be used.
        package var reason: CatalogError
    }

    /// The largest catalog: about a million segments. Beyond, ``apply(_:)`` throws ``CatalogError/full(path:)``.
    package static let maxBytes = 512 << 20
    private static let pageBytes = 4_096
    /// How long to wait for a lock that another process holds, a person's `sqlite3` for example.
    private static let patienceSeconds = 5.0
    /// A fixed set of suffixes: what SQLite keeps beside a database, none for the database itself.
    private static let companions = ["", "-journal", "-wal", "-shm"]

    /// The file; `:memory:` for a catalog without one.
    package let path: String
    private let database: DatabaseQueue

    private init(_ database: DatabaseQueue, path: String) throws {
        self.database = database
        self.path = path
        try CatalogSchema.prepare(database, path: path)
    }

    /// Opens the catalog in a file, making it when it is missing. A file that is damaged, of another program or of a
    /// newer version is moved into `quarantine`, and an empty catalog takes its place.
    ///
    /// - Parameters:
    ///   - path: the file; its directory exists.
    ///   - quarantine: a directory on the same file system; made when it is needed.
    ///   - maxBytes: the largest file.
    /// - Returns: the catalog and its records.
    /// - Throws: ``CatalogError`` when no catalog can be used or made there: a full disk, missing permission.
    package static func open(
        _ path: String, quarantine: String, maxBytes: Int = SegmentCatalog.maxBytes
    ) throws(CatalogError) -> Opened {
        do throws(CatalogError) {
            return try open(path, maxBytes)
        } catch {
            guard error.isAboutContent else { throw error }
            let aside: String
            do { aside = try setAside(path, quarantine) } catch let cause { throw CatalogError(cause, path: path) }
            var opened = try open(path, maxBytes)
            opened.setAside = SetAside(path: aside, reason: error)
            return opened
        }
    }

    /// A catalog that lives in memory and is forgotten, for when none can be had on the disk.
    ///
    /// - Throws: ``CatalogError`` when there is no memory.
    package static func inMemory() throws(CatalogError) -> SegmentCatalog {
        do {
            return try SegmentCatalog(DatabaseQueue(named: nil, configuration: Configuration()), path: ":memory:")
        } catch { throw CatalogError(error, path: ":memory:") }
    }

    /// All records, in the order of their positions; of the same positions, the older generation first.
    ///
    /// - Throws: ``CatalogError`` when the file is damaged or cannot be read.
    package func records() throws(CatalogError) -> [SegmentRecord] {
        do {
            return try database.read { db in
                var records: [SegmentRecord] = []
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT \(SegmentRecord.columns) FROM segment
                        ORDER BY first_position, last_position, generation, name
                        """)
                while let row = try rows.next() {
                    guard let record = try SegmentRecord(row) else {
                        throw CatalogError.damaged(path: path, reason: "a record of a segment makes no sense")
                    }
                    records.append(record)
                }
                return records
            }
        } catch { throw CatalogError(error, path: path) }
    }

    /// Makes all changes, in their order, or none of them. They are on the disk when this returns.
    ///
    /// - Parameter changes: a change of a segment that does not exist is an error; removing one is not.
    /// - Throws: ``CatalogError``; nothing has changed then.
    package func apply(_ changes: [CatalogChange]) throws(CatalogError) {
        do {
            // SQLite makes its own system calls: this is where a planned failure meets them.
            try SystemFaults.check(.write, path)
            try database.write { db in
                for change in changes { try Self.apply(change, db) }
            }
        } catch { throw CatalogError(error, path: path) }
    }

    /// Forgets everything and enters these records, in one transaction.
    ///
    /// - Throws: ``CatalogError``; nothing has changed then.
    package func replaceAll(_ records: [SegmentRecord]) throws(CatalogError) {
        do {
            try SystemFaults.check(.write, path)
            try database.write { db in
                try db.execute(sql: "DELETE FROM segment")
                for record in records { try Self.apply(.insert(record), db) }
            }
        } catch { throw CatalogError(error, path: path) }
    }

    /// Compares every page and record with what it should be.
    ///
    /// - Throws: ``CatalogError/damaged(path:reason:)`` with the first thing that is wrong.
    package func verify() throws(CatalogError) {
        do {
            let complaint = try database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check(1)") } ?? "ok"
            guard complaint == "ok" else { throw CatalogError.damaged(path: path, reason: complaint) }
        } catch { throw CatalogError(error, path: path) }
        _ = try records()
    }

    private static func apply(_ change: CatalogChange, _ db: Database) throws {
        switch change {
        case .insert(let record):
            guard let values = record.values else { throw CatalogError.valueTooLarge(segment: record.name) }
            let places = Array(repeating: "?", count: 16).joined(separator: ", ")
            try db.execute(
                sql: "INSERT OR REPLACE INTO segment (\(SegmentRecord.columns)) VALUES (\(places))", arguments: values)
        case .setState(let state, let name):
            let (state, since, reason) = state.columns
            try db.execute(
                sql: "UPDATE segment SET state = ?, state_since = ?, state_reason = ? WHERE name = ?",
                arguments: [state, since, reason, name])
            guard db.changesCount == 1 else { throw CatalogError.unknownSegment(name) }
        case .setTier(let tier, let name):
            try db.execute(sql: "UPDATE segment SET tier = ? WHERE name = ?", arguments: [tier.rawValue, name])
            guard db.changesCount == 1 else { throw CatalogError.unknownSegment(name) }
        case .remove(let name):
            try db.execute(sql: "DELETE FROM segment WHERE name = ?", arguments: [name])
        }
    }

    private static func open(_ path: String, _ maxBytes: Int) throws(CatalogError) -> Opened {
        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.busyMode = .timeout(patienceSeconds)
        configuration.prepareDatabase { db in
            // A rollback journal, not a write-ahead log: changes are rare, a full disk can still be read from, and there
            // is one file to look after. Truncating the journal is what commits; with FULL that is synced too.
            try db.execute(
                sql: """
                    PRAGMA journal_mode = TRUNCATE;
                    PRAGMA synchronous = FULL;
                    PRAGMA max_page_count = \(maxBytes / pageBytes);
                    """)
        }
        do {
            try SystemFaults.check(.open, path)
            let database = try DatabaseQueue(path: path, configuration: configuration)
            let catalog = try SegmentCatalog(database, path: path)
            return Opened(catalog: catalog, records: try catalog.records(), setAside: nil)
        } catch { throw CatalogError(error, path: path) }
    }

    /// Moves the database and what belongs to it into the quarantine, under a name that is free there.
    private static func setAside(_ path: String, _ quarantine: String) throws(IOError) -> String {
        try FileSystem.createDirectory(quarantine)
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var number = 1
        while companions.contains(where: { FileSystem.exists("\(quarantine)/\(name).\(number)\($0)") }) { number += 1 }
        let target = "\(quarantine)/\(name).\(number)"
        for suffix in companions where FileSystem.exists(path + suffix) {
            try FileSystem.rename(path + suffix, to: target + suffix)
        }
        try FileSystem.syncDirectory(quarantine)
        try FileSystem.syncDirectory(FileSystem.parent(of: path))
        return target
    }
}
