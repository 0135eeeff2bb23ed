internal import GRDB
internal import SystemIO

extension SegmentCatalog {
    /// Reads the catalog in a file and compares every page with what it should be. Nothing is set aside or made; a change
    /// that was interrupted is taken back, as by whoever opens it first.
    ///
    /// - Parameter path: the file; one that does not exist is no error.
    /// - Returns: its records; nil when there is no file.
    /// - Throws: ``CatalogError`` when it is damaged, not ours, or cannot be read.
    package static func inspect(_ path: String) throws(CatalogError) -> [SegmentRecord]? {
        guard FileSystem.exists(path) else { return nil }
        do {
            var configuration = Configuration()
            // Taking back an interrupted change is writing.
            configuration.readonly = !FileSystem.exists(path + "-journal")
            let database = try DatabaseQueue(path: path, configuration: configuration)
            return try database.read { db in
                let complaint = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? "ok"
                guard complaint == "ok" else { throw CatalogError.damaged(path: path, reason: complaint) }
                guard try Int32.fetchOne(db, sql: "PRAGMA application_id") == CatalogSchema.applicationID else {
                    throw CatalogError.foreign(path: path, reason: "it is a database of another program")
                }
                guard try !CatalogSchema.migrator.hasBeenSuperseded(db) else {
                    throw CatalogError.foreign(path: path, reason: "a newer version of this program wrote it")
                }
                return try Row.fetchAll(db, sql: "SELECT \(SegmentRecord.columns) FROM segment ORDER BY name").map {
                    guard let record = try SegmentRecord($0) else {
                        throw CatalogError.damaged(path: path, reason: "a record of a segment makes no sense")
                    }
                    return record
                }
            }
        } catch { throw CatalogError(error, path: path) }
    }
}
