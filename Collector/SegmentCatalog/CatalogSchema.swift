internal import GRDB

/// The tables of the catalog and how older ones become the newest.
///
/// A migration that was released never changes; what is new is a further one.
enum CatalogSchema {
    /// Marks the file as ours: "LODG".
    static let applicationID: Int32 = 0x4C4F_4447

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 segments") { db in
            try db.execute(
                sql: """
                    CREATE TABLE segment (
                        name TEXT NOT NULL PRIMARY KEY,
                        first_position INTEGER NOT NULL, last_position INTEGER NOT NULL,
                        generation INTEGER NOT NULL, level INTEGER NOT NULL,
                        tier TEXT NOT NULL,
                        state TEXT NOT NULL, state_since INTEGER NOT NULL, state_reason TEXT NOT NULL,
                        row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL,
                        first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
                        first_arrival INTEGER NOT NULL, last_arrival INTEGER NOT NULL,
                        created_at INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID
                    """)
        }
        return migrator
    }

    /// Checks that the database is empty or ours, and sound, and brings its tables up to date.
    static func prepare(_ database: DatabaseQueue, path: String) throws {
        try database.writeWithoutTransaction { db in
            let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard id == applicationID || (id == 0 && tables == 0) else {
                throw CatalogError.foreign(path: path, reason: "it is a database of another program")
            }
            let complaint = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)") ?? "ok"
            guard complaint == "ok" else { throw CatalogError.damaged(path: path, reason: complaint) }
            if id == 0 { try db.execute(sql: "PRAGMA application_id = \(applicationID)") }
        }
        guard try !database.read(migrator.hasBeenSuperseded) else {
            throw CatalogError.foreign(path: path, reason: "a newer version of this program wrote it")
        }
        // The usual case needs no write, and so no space.
        guard try !database.read(migrator.hasCompletedMigrations) else { return }
        try migrator.migrate(database)
    }
}
